// The whole matrix of roles and what they may do, the sentences of refusals, and grants as JSON.
#include "control/api/access.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr AccessRole kAll[] = {AccessRole::kViewer, AccessRole::kEditor,   AccessRole::kSecurity,
                               AccessRole::kPlan,   AccessRole::kOperator, AccessRole::kAdmin};

AccessGrant everywhere(AccessRole role) { return {role, true}; }
AccessGrant in(AccessRole role, std::string ns) { return {role, false, {std::move(ns)}}; }

struct MatrixRow {
  AccessAction action;
  std::optional<Kind> kind;
  std::string_view ns;
  // First letters of the roles that may: granted in shop, and in all namespaces.
  std::string_view there;
  std::string_view everywhere;
};

template <class Grant>
std::string who_may(const MatrixRow& row, Grant grant) {
  std::string out;
  for (AccessRole role : kAll) {
    if (is_allowed({grant(role)}, {row.action, row.ns, row.kind})) out.push_back(to_text(role).front());
  }
  return out;
}

class AccessMatrix : public testing::TestWithParam<MatrixRow> {};

TEST_P(AccessMatrix, GivesEachRoleWhatItMayAndNoMore) {
  const MatrixRow& row = GetParam();

  EXPECT_EQ(who_may(row, [](AccessRole role) { return in(role, "shop"); }), row.there);
  EXPECT_EQ(who_may(row, [](AccessRole role) { return everywhere(role); }), row.everywhere);
  EXPECT_EQ(who_may(row, [](AccessRole role) { return in(role, "shopping"); }), "");
}

constexpr std::string_view kEverybody = "vespoa";
constexpr MatrixRow traffic(AccessAction action, Kind kind) { return {action, kind, "shop", "ea", "ea"}; }
constexpr MatrixRow security(AccessAction action, Kind kind) { return {action, kind, "shop", "sa", "sa"}; }

INSTANTIATE_TEST_SUITE_P(
    Reading, AccessMatrix,
    testing::Values(MatrixRow{AccessAction::kRead, Kind::kService, "shop", kEverybody, kEverybody},
                    MatrixRow{AccessAction::kRead, Kind::kAuthorizationPolicy, "shop", kEverybody, kEverybody},
                    MatrixRow{AccessAction::kRead, Kind::kFederatedTrustDomain, "shop", kEverybody, kEverybody},
                    MatrixRow{AccessAction::kRead, {}, "shop", kEverybody, kEverybody},
                    MatrixRow{AccessAction::kRead, {}, "", "", kEverybody},
                    MatrixRow{AccessAction::kReadMesh, {}, "", "", kEverybody},
                    MatrixRow{AccessAction::kFetchFacts, {}, "shop", "pa", "pa"},
                    MatrixRow{AccessAction::kFetchFacts, {}, "", "", "pa"}));

INSTANTIATE_TEST_SUITE_P(
    Traffic, AccessMatrix,
    testing::Values(
        traffic(AccessAction::kApply, Kind::kService), traffic(AccessAction::kApply, Kind::kBackendSet),
        traffic(AccessAction::kApply, Kind::kHttpRoute), traffic(AccessAction::kApply, Kind::kGrpcRoute),
        traffic(AccessAction::kApply, Kind::kTcpRoute), traffic(AccessAction::kApply, Kind::kTlsRoute),
        traffic(AccessAction::kApply, Kind::kHttpRouteFilter), traffic(AccessAction::kApply, Kind::kHealthPolicy),
        traffic(AccessAction::kApply, Kind::kTrafficPolicy), traffic(AccessAction::kApply, Kind::kRateLimitPolicy),
        traffic(AccessAction::kDelete, Kind::kService), traffic(AccessAction::kDelete, Kind::kRateLimitPolicy)));

INSTANTIATE_TEST_SUITE_P(Security, AccessMatrix,
                         testing::Values(security(AccessAction::kApply, Kind::kAuthorizationPolicy),
                                         security(AccessAction::kApply, Kind::kWorkload),
                                         security(AccessAction::kDelete, Kind::kAuthorizationPolicy),
                                         security(AccessAction::kDelete, Kind::kWorkload),
                                         MatrixRow{AccessAction::kApply, Kind::kFederatedTrustDomain, "shop", "", "sa"},
                                         MatrixRow{AccessAction::kDelete, Kind::kFederatedTrustDomain, "shop", "",
                                                   "sa"},
                                         MatrixRow{AccessAction::kJoinToken, {}, "shop", "sa", "sa"},
                                         MatrixRow{AccessAction::kJoinToken, {}, "", "", "sa"}));

INSTANTIATE_TEST_SUITE_P(Mesh, AccessMatrix,
                         testing::Values(MatrixRow{AccessAction::kOperate, {}, "", "", "oa"},
                                         MatrixRow{AccessAction::kManageAccess, {}, "", "", "oa"},
                                         MatrixRow{AccessAction::kUnlisted, {}, "", "", "a"},
                                         MatrixRow{AccessAction::kApply, {}, "shop", "a", "a"}));

TEST(Access, EveryKindIsOfTrafficOrOfSecurity) {
  std::string security;
  for (const KindInfo& kind : all_kinds()) {
    if (is_security_kind(kind.kind)) security.append(kind.name).append(" ");
  }

  EXPECT_EQ(security, "AuthorizationPolicy Workload FederatedTrustDomain ");
}

TEST(Access, GrantsAddUpAndWithoutAnyNothingIsAllowed) {
  AccessGrants grants{in(AccessRole::kEditor, "shop"), in(AccessRole::kSecurity, "web")};

  EXPECT_TRUE(is_allowed(grants, {AccessAction::kApply, "shop", Kind::kService}));
  EXPECT_FALSE(is_allowed(grants, {AccessAction::kApply, "web", Kind::kService}));
  EXPECT_TRUE(is_allowed(grants, {AccessAction::kApply, "web", Kind::kWorkload}));
  EXPECT_FALSE(is_allowed({}, {AccessAction::kRead, "shop", Kind::kService}));
}

std::string refusal(const AccessGrants& grants, const AccessAsk& ask) {
  Result<void> judged = may(grants, ask);
  return judged ? "allowed" : judged.error().text();
}

TEST(Access, ARefusalNamesTheRoleThatIsMissing) {
  AccessGrants editor{in(AccessRole::kEditor, "shop")};

  EXPECT_EQ(refusal(editor, {AccessAction::kApply, "shop", Kind::kAuthorizationPolicy}),
            "forbidden: this token may not apply AuthorizationPolicy in namespace shop: it needs the role security "
            "there");
  EXPECT_EQ(refusal(editor, {AccessAction::kRead, "web", Kind::kService}),
            "forbidden: this token may not read Service in namespace web: it needs the role viewer there");
  EXPECT_EQ(refusal(editor, {AccessAction::kDelete, "shop", Kind::kFederatedTrustDomain}),
            "forbidden: this token may not delete FederatedTrustDomain in namespace shop: it needs the role security "
            "for all namespaces");
  EXPECT_EQ(refusal(editor, {AccessAction::kOperate}),
            "forbidden: this token may not operate the control plane: it needs the role operator for all namespaces");
  EXPECT_EQ(refusal(editor, {AccessAction::kApply, "shop", Kind::kService}), "allowed");
}

TEST(Access, NobodyGivesWhatHeDoesNotHave) {
  AccessGrants lead{{AccessRole::kEditor, false, {"shop", "web"}}, everywhere(AccessRole::kOperator)};

  EXPECT_TRUE(may_give(lead, {in(AccessRole::kEditor, "web"), everywhere(AccessRole::kViewer)}));
  EXPECT_TRUE(may_give({everywhere(AccessRole::kAdmin)}, {everywhere(AccessRole::kAdmin)}));
  EXPECT_EQ(may_give(lead, {{AccessRole::kEditor, false, {"shop", "pay"}}}).error().detail,
            "this token may not give the role editor in namespace pay: it does not have that role itself");
  EXPECT_EQ(may_give(lead, {everywhere(AccessRole::kEditor)}).error().detail,
            "this token may not give the role editor for all namespaces: it does not have that role itself");
  EXPECT_FALSE(may_give(lead, {everywhere(AccessRole::kAdmin)}));
  EXPECT_FALSE(may_give({in(AccessRole::kAdmin, "shop")}, {everywhere(AccessRole::kViewer)}));
}

TEST(Access, APathThatNobodyJudgedIsForAdmins) {
  EXPECT_EQ(access_door("GET", "/v1/whoami"), std::nullopt);
  EXPECT_EQ(access_door("GET", "/v1/resources/services"), std::nullopt);
  EXPECT_EQ(access_door("DELETE", "/v1/resources/services/a/b"), std::nullopt);
  EXPECT_EQ(access_door("POST", "/v1/apply"), std::nullopt);
  EXPECT_EQ(access_door("GET", "/v1/ca"), AccessAction::kReadMesh);
  EXPECT_EQ(access_door("POST", "/v1/ca/prepare"), AccessAction::kOperate);
  EXPECT_EQ(access_door("GET", "/v1/federation"), AccessAction::kReadMesh);
  EXPECT_EQ(access_door("GET", "/v1/history/1.2"), AccessAction::kReadMesh);
  EXPECT_EQ(access_door("GET", "/v1/rollouts"), std::nullopt);
  EXPECT_EQ(access_door("POST", "/v1/rollouts/promote"), std::nullopt);
  EXPECT_EQ(access_door("POST", "/v1/rollback"), AccessAction::kUnlisted);
  EXPECT_EQ(access_door("GET", "/v1/access"), AccessAction::kManageAccess);
  EXPECT_EQ(access_door("DELETE", "/v1/access/ci"), AccessAction::kManageAccess);
  EXPECT_EQ(access_door("POST", "/v1/resources/services"), AccessAction::kUnlisted);
  EXPECT_EQ(access_door("GET", "/v1/apply/x"), AccessAction::kUnlisted);
  EXPECT_EQ(access_door("GET", "/v1/c%61"), AccessAction::kUnlisted);
  EXPECT_EQ(access_door("GET", "/v2/status"), AccessAction::kUnlisted);
}

std::string problems_of(std::string_view json) {
  Result<AccessGrants> grants = parse_grants(json);
  return grants ? "none" : grants.error().detail;
}

TEST(Access, GrantsReadBackAsTheyWereWritten) {
  AccessGrants grants{{AccessRole::kEditor, false, {"shop", "web"}}, everywhere(AccessRole::kViewer)};
  std::string json;
  JsonWriter writer(json);

  write_grants(writer, grants);

  EXPECT_EQ(json, R"([{"role":"editor","namespaces":["shop","web"]},{"role":"viewer","namespaces":["*"]}])");
  EXPECT_EQ(*parse_grants(json), grants);
  EXPECT_EQ(to_text(grants), "editor:shop,web viewer:*");
}

TEST(Access, GrantsThatAreNoneAreRefusedWithEveryProblem) {
  EXPECT_NE(problems_of("[]"), "none");
  EXPECT_NE(problems_of(""), "none");
  EXPECT_NE(problems_of(R"([{"role":"root","namespaces":["*"]}])").find("grants[0].role: expected one of viewer"),
            std::string::npos);
  EXPECT_NE(problems_of(R"([{"namespaces":["*"]}])").find("grants[0].role: is required"), std::string::npos);
  EXPECT_NE(problems_of(R"([{"role":"viewer"}])").find("grants[0].namespaces: is required"), std::string::npos);
  EXPECT_NE(problems_of(R"([{"role":"viewer","namespaces":[]}])"), "none");
  EXPECT_NE(problems_of(R"([{"role":"viewer","namespaces":["Shop"]}])").find("is not a namespace"), std::string::npos);
  EXPECT_NE(problems_of(R"([{"role":"viewer","namespaces":["*","shop"]}])").find("name no others"), std::string::npos);
  EXPECT_NE(problems_of(R"([{"role":"operator","namespaces":["shop"]}])").find("concerns the whole mesh"),
            std::string::npos);
  EXPECT_NE(problems_of(R"([{"role":"viewer","namespaces":["a"],"kinds":[]}])").find("kinds: unknown field"),
            std::string::npos);
}
}  // namespace
}  // namespace heddle
