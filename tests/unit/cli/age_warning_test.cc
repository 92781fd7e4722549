#include "cli/age_warning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "lib/rpc/message.h"
#include "tests/support/cli_rig.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

constexpr char kAsked[] = "GET /v1/history?limit=20";
constexpr char kHistory[] = R"({"version":"1.1","oldest":"1.1","items":[]})";
constexpr char kSince[] = "2026-01-31T12:34:56.000Z";

Result<ApiReply> read(std::vector<std::pair<std::string, std::string>> headers) {
  RpcResponse response = RpcResponse::json(200, "{}");
  response.headers = std::move(headers);
  return ApiReply::read(response, 1024, "control plane");
}

TEST(CliAgeWarning, AnAnswerThatMayBeOldIsSaidInOneLineBesideTheData) {
  CliRig rig;
  rig.control.answer_old(kAsked, kHistory, kSince, 12s);

  EXPECT_EQ(rig.run("history -o json"), ExitCode::kOk);

  EXPECT_EQ(rig.err(),
            "warning: what is shown may be old: the control plane's store last confirmed it 12s ago "
            "(2026-01-31T12:34:56.000Z); see `heddle status`\n");
  EXPECT_THAT(rig.out(), Not(HasSubstr("warning")));
}

TEST(CliAgeWarning, OfWhatIsTheNewestNothingIsSaid) {
  CliRig rig;
  rig.control.answer(kAsked, 200, kHistory);

  EXPECT_EQ(rig.run("history -o json"), ExitCode::kOk);

  EXPECT_EQ(rig.err(), "");
}

TEST(CliAgeWarning, WhoAsksOftenIsToldOnce) {
  ScriptedControl control;
  control.answer_old("GET /v1/status", "{}", kSince, 12s);
  std::ostringstream err;
  AgeWarning api(control, err);

  for (int i = 0; i < 3; ++i) EXPECT_TRUE(api.call({"GET", "/v1/status"}));

  std::string said = err.str();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

TEST(CliAgeWarning, TheAgeIsReadFromTheHeaders) {
  Result<ApiReply> old = read({{"age", "90"}, {"heddle-stale-since", kSince}});
  ASSERT_TRUE(old.has_value());
  EXPECT_EQ(old->age, Duration(90s));
  EXPECT_EQ(old->stale_since, kSince);

  EXPECT_FALSE(read({})->age.has_value());
  EXPECT_FALSE(read({{"age", "90"}})->age.has_value()) << "of whom a proxy kept";
  EXPECT_FALSE(read({{"age", "-1"}, {"heddle-stale-since", kSince}})->age.has_value());
  EXPECT_FALSE(read({{"age", "soon"}, {"heddle-stale-since", kSince}})->age.has_value());
}
}  // namespace
}  // namespace heddle
