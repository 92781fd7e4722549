#include "cli/access_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cli_rig.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using Words = std::vector<std::string>;

std::string said(const Result<std::vector<AccessRoleWords>>& roles) {
  if (!roles) return roles.error().detail;
  std::string out;
  for (const AccessRoleWords& role : *roles) {
    out.append(role.role).append(":");
    for (const std::string& ns : role.namespaces) out.append(ns).append(",");
  }
  return out;
}

TEST(AccessWords, ARoleCountsInItsOwnNamespacesOrInThoseOfAll) {
  EXPECT_EQ(said(parse_access_roles({"editor", "security"}, {"shop", "web"}, false)),
            "editor:shop,web,security:shop,web,");
  EXPECT_EQ(said(parse_access_roles({"editor:shop,web", "viewer"}, {}, true)), "editor:shop,web,viewer:*,");
  EXPECT_EQ(said(parse_access_roles({"editor:shop", "viewer:*"}, {}, false)), "editor:shop,viewer:*,");
}

TEST(AccessWords, ARoleWithoutAPlaceIsRefused) {
  EXPECT_THAT(said(parse_access_roles({"editor"}, {}, false)), HasSubstr("where?"));
}

TEST(AccessWords, EveryWrongWordIsNamed) {
  EXPECT_THAT(said(parse_access_roles({"root"}, {}, true)), HasSubstr("--role: expected viewer, editor"));
  EXPECT_THAT(said(parse_access_roles({"viewer"}, {"Shop"}, false)), HasSubstr("is not a namespace"));
  EXPECT_THAT(said(parse_access_roles({"viewer:"}, {}, false)), HasSubstr("is not a namespace"));
  EXPECT_THAT(said(parse_access_roles({"viewer:*,shop"}, {}, false)), HasSubstr("name no others"));
  EXPECT_THAT(said(parse_access_roles({"viewer"}, {"shop"}, true)), HasSubstr("do not go together"));
}

TEST(CliAccess, CreatePrintsTheTokenAlone) {
  CliRig rig;
  rig.control.answer("POST /v1/access", 200, R"({"name":"ci","token":"heddle_x","grants":[]})");

  EXPECT_EQ(rig.run("access create ci --role editor -n shop --role viewer:* --ttl 720h"), ExitCode::kOk) << rig.err();

  EXPECT_EQ(rig.out(), "heddle_x\n");
  EXPECT_EQ(rig.control.requests.back().body, R"({"name":"ci","grants":[{"role":"editor","namespaces":["shop"]},)"
                                              R"({"role":"viewer","namespaces":["*"]}],"ttl":"720h"})");
}

TEST(CliAccess, ListShowsRolesAndWhatHasExpired) {
  CliRig rig;
  rig.control.answer("GET /v1/access", 200,
                     R"({"tokens":[{"name":"admin","grants":[{"role":"admin","namespaces":["*"]}],
      "created":"2025-12-31T23:59:00.000Z","expired":false},
      {"name":"ci","grants":[{"role":"editor","namespaces":["shop","web"]},{"role":"viewer","namespaces":["*"]}],
      "created":"2025-12-31T23:59:00.000Z","expires":"2025-12-31T23:59:30.000Z","expired":true}]})");

  EXPECT_EQ(rig.run("access list"), ExitCode::kOk) << rig.err();

  EXPECT_EQ(rig.out(),
            "NAME   ROLES                     AGE  EXPIRES\n"
            "admin  admin:*                   60s  never\n"
            "ci     editor:shop,web viewer:*  60s  expired\n");
}

TEST(CliAccess, RevokeNamesTheToken) {
  CliRig rig;
  rig.control.answer("DELETE /v1/access/ci", 200, R"({"name":"ci"})");

  EXPECT_EQ(rig.run("access revoke ci"), ExitCode::kOk) << rig.err();

  EXPECT_EQ(rig.out(), "token ci revoked\n");
}

TEST(CliAccess, WhoamiSaysWhatTheTokenMayDo) {
  CliRig rig;
  rig.control.answer(
      "GET /v1/whoami", 200,
      R"({"name":"ci","grants":[{"role":"editor","namespaces":["shop"]}],"expires":"2026-02-01T00:00:00.000Z"})");

  EXPECT_EQ(rig.run("access whoami"), ExitCode::kOk) << rig.err();

  EXPECT_EQ(rig.out(),
            "NAME  ROLES        EXPIRES\n"
            "ci    editor:shop  2026-02-01T00:00:00.000Z\n");
}

TEST(CliAccess, ARefusalIsAFailureThatNamesTheRole) {
  CliRig rig;
  rig.control.answer("POST /v1/access", 403,
                     R"({"reason":"forbidden","message":"this token may not manage the tokens of the API"})");

  EXPECT_EQ(rig.run("access create ci --role viewer -A"), ExitCode::kFailure);

  EXPECT_THAT(rig.err(), HasSubstr("may not manage the tokens"));
}

TEST(CliAccess, WordsAreCheckedBeforeAnythingIsSent) {
  CliRig rig;

  EXPECT_EQ(rig.run("access create ci --role editor"), ExitCode::kUsage);
  EXPECT_EQ(rig.run("access create CI --role editor -n shop"), ExitCode::kUsage);
  EXPECT_EQ(rig.run("access create ci"), ExitCode::kUsage);
  EXPECT_EQ(rig.run("access create ci --role viewer -A --ttl 0s"), ExitCode::kUsage);
  EXPECT_EQ(rig.run("access revoke"), ExitCode::kUsage);
  EXPECT_EQ(rig.run("access"), ExitCode::kUsage);
}
}  // namespace
}  // namespace heddle
