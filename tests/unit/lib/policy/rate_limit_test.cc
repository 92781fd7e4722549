#include "lib/policy/rate_limit.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
const SpiffeId kWeb = *SpiffeId::parse("spiffe://td/ns/default/sa/web");
const SpiffeId kShop = *SpiffeId::parse("spiffe://td/ns/shop/sa/cart");
const SpiffeId kOwn = *SpiffeId::parse("spiffe://td/ns/default/sa/app");
constexpr SipKey kSecret{1, 2};

std::string limits_yaml(std::string_view name, std::string_view spec, std::string_view ns = "default") {
  return str_cat("{apiVersion: heddle.dev/v1, kind: RateLimitPolicy, metadata: {name: ", name, ", namespace: ", ns,
                 "}, spec: {", spec, "}}\n---\n");
}
std::string one(std::string_view fields) { return str_cat("limits: [{name: a, requests: 1, per: 1s, ", fields, "}]"); }

class RateLimitTest : public testing::Test {
 protected:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  RequestHead request(std::string_view path, const Fields& fields = {}, std::string_view method = "GET") {
    RequestHead head(pool_);
    EXPECT_TRUE(head.set_method(method) && head.set_path(path));
    for (const auto& [name, value] : fields) EXPECT_TRUE(head.fields().add(name, value));
    return head;
  }
  void use(std::string_view fields) {
    model_ = model_of(limits_yaml("p", one(fields)));
    limit_ = &model_.rate_limit_policies.begin()->second->limits.at(0);
  }
  bool counts(const RequestHead& head) { return static_cast<bool>(check_rate_limit(*limit_, facts_of(head))); }
  bool counts(std::string_view path) { return counts(request(path)); }
  uint64_t key(const SpiffeId* peer, const Fields& fields = {}) {
    return hash_rate_key(*limit_, peer, request("/", fields).fields(), kSecret);
  }
  BlockPool pool_;
  Model model_;
  const RateLimit* limit_ = nullptr;
};

TEST_F(RateLimitTest, WithoutMatchesCountsEveryRequest) {
  use("burst: 1");

  EXPECT_TRUE(counts("/"));
  EXPECT_TRUE(counts("*"));
  EXPECT_EQ(why_not_limited(*limit_, facts_of(request("/"))), "");
}

TEST_F(RateLimitTest, AMatchWithoutAPathCountsEveryPath) {
  use("matches: [{method: GET}]");

  EXPECT_TRUE(counts("/a/b?c"));
  EXPECT_TRUE(counts("*"));
  EXPECT_FALSE(counts(request("/", {}, "PUT")));
}

TEST_F(RateLimitTest, PathsCountInEverySpelling) {
  use("matches: [{path: {type: PathPrefix, value: /api}}]");

  for (std::string_view path : {"/api", "/api/", "/api/x?y", "//api/x", "/%61pi", "/api;v=1/x"}) {
    EXPECT_TRUE(counts(path)) << path;
  }
  for (std::string_view path : {"/", "/apis", "/x/api"}) EXPECT_FALSE(counts(path)) << path;

  use("matches: [{path: {type: Exact, value: /api}}]");
  EXPECT_TRUE(counts("/api"));
  EXPECT_TRUE(counts("/%61pi"));
  EXPECT_FALSE(counts("/api/x"));
}

TEST_F(RateLimitTest, ExpressionsMatchTheWholePathAndCountWhatIsTooLongForThem) {
  use("matches: [{path: {type: RegularExpression, value: '/u/[0-9]+'}}]");

  EXPECT_TRUE(counts("/u/7?x"));
  EXPECT_FALSE(counts("/u/x"));
  EXPECT_FALSE(counts("/u/7/x"));
  EXPECT_TRUE(counts(str_cat("/", std::string(kMaxRegexSubject, 'a'))));
}

TEST_F(RateLimitTest, OneOfTheMatchesIsEnoughAndTheLastSaysWhyNot) {
  use("matches: [{method: PUT}, {headers: [{name: x-a, value: b}], queryParams: [{name: q, value: '1'}]}]");

  EXPECT_TRUE(counts(request("/", {}, "PUT")));
  EXPECT_TRUE(counts(request("/?q=1", {{"x-a", "b"}})));
  EXPECT_FALSE(counts(request("/?q=2", {{"x-a", "b"}})));
  EXPECT_EQ(why_not_limited(*limit_, facts_of(request("/?q=1"))), "header \"x-a\" is absent");
}

TEST_F(RateLimitTest, WithoutKeysAllAreOne) {
  use("burst: 1");

  EXPECT_EQ(key(&kWeb, {{"x-a", "b"}}), key(nullptr));
}

TEST_F(RateLimitTest, CallersAndThoseWithoutIdentityAreCountedApart) {
  use("by: [{sourceIdentity: true}]");

  EXPECT_EQ(key(&kWeb), key(&kWeb, {{"x-a", "b"}}));
  EXPECT_NE(key(&kWeb), key(&kShop));
  EXPECT_NE(key(&kWeb), key(nullptr));
}

TEST_F(RateLimitTest, EachValueOfAHeaderAndNoneAreCountedApart) {
  use("by: [{header: x-tenant}]");

  EXPECT_EQ(key(&kWeb, {{"x-tenant", "a"}}), key(&kShop, {{"x-tenant", "a"}, {"x-other", "b"}}));
  EXPECT_NE(key(&kWeb, {{"x-tenant", "a"}}), key(&kWeb, {{"x-tenant", "b"}}));
  EXPECT_NE(key(&kWeb, {{"x-tenant", ""}}), key(&kWeb)) << "empty is a value";
  EXPECT_NE(key(&kWeb, {{"x-tenant", "a"}, {"x-tenant", "b"}}), key(&kWeb, {{"x-tenant", "a"}}));
  EXPECT_NE(key(&kWeb, {{"x-tenant", "a"}, {"x-tenant", "b"}}), key(&kWeb, {{"x-tenant", "ab"}}));
}

TEST_F(RateLimitTest, PartsOfAKeyDoNotRunTogether) {
  use("by: [{header: x-a}, {header: x-b}]");

  EXPECT_NE(key(&kWeb, {{"x-a", "v"}}), key(&kWeb, {{"x-b", "v"}}));
  EXPECT_NE(key(&kWeb, {{"x-a", "vw"}, {"x-b", "x"}}), key(&kWeb, {{"x-a", "v"}, {"x-b", "wx"}}));

  use("by: [{sourceIdentity: true}, {header: x-a}]");
  EXPECT_NE(key(&kWeb, {{"x-a", "v"}}), key(&kShop, {{"x-a", "v"}}));
  EXPECT_NE(key(&kWeb, {{"x-a", "v"}}), key(&kWeb, {{"x-a", "w"}}));
}

TEST_F(RateLimitTest, SaysItselfInWords) {
  use("by: [{sourceIdentity: true}, {header: X-Tenant}], burst: 3");
  EXPECT_EQ(to_text(*limit_), "1 per 1s, burst 3, by sourceIdentity and x-tenant");

  use("burst: 1");
  EXPECT_EQ(to_text(*limit_), "1 per 1s, burst 1");
}

TEST(SelectRateLimits, ByTargetAsAuthorizationPoliciesAre) {
  std::string yaml =
      limits_yaml("all", one("burst: 1")) + limits_yaml("away", one("burst: 1"), "shop") +
      limits_yaml("mine", str_cat("targetRef: {kind: Service, name: a}, ",
                                  "limits: [{name: x, requests: 1, per: 1s}, {name: y, requests: 1, per: "
                                  "1s}]")) +
      limits_yaml("other", str_cat("targetRef: {kind: Workload, name: v}, ", one("burst: 1"))) +
      "{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: w}, spec: {identity: '" + std::string(kOwn.text()) +
      "', services: [a]}}\n---\n";
  Model model = model_of(yaml);

  std::string selected;
  for (const SelectedRateLimit& each : select_rate_limits(model, authz_subject(model.workloads, kOwn))) {
    selected.append(str_cat(each.policy->key.name, "/", each.limit().name, " "));
  }

  EXPECT_EQ(selected, "all/a mine/x mine/y ");
}
}  // namespace
}  // namespace heddle
