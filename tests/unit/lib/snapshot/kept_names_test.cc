#include "lib/snapshot/kept_names.h"

#include <gtest/gtest.h>

#include "lib/api/request_fact.h"
#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
using Names = std::vector<std::string>;

std::shared_ptr<const KeptNames> names_of(std::string_view yaml) { return KeptNames::of(model_of(yaml), nullptr); }
Names headers(const KeptNames& names) { return {names.headers().begin(), names.headers().end()}; }
Names query(const KeptNames& names) { return {names.query().begin(), names.query().end()}; }
Names secrets(const KeptNames& names) {
  Names out;
  for (const SecretQuestion& question : names.secrets()) out.push_back(question.name + ": " + question.match);
  return out;
}

// An HTTPRoute whose only rule has these matches.
std::string route_with(std::string_view matches, std::string_view name = "r") {
  return R"(
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: )" +
         std::string(name) + R"(}
spec:
  parentRefs: [{group: '', kind: Service, name: hello}]
  rules:
  - matches: )" +
         std::string(matches) + R"(
    backendRefs: [{name: hello, port: 80}]
)";
}

TEST(KeptNames, NothingIsNamedByAnEmptyConfiguration) {
  auto names = KeptNames::of(Model{}, nullptr);

  EXPECT_TRUE(names->headers().empty());
  EXPECT_TRUE(names->query().empty());
  EXPECT_TRUE(names->secrets().empty());
}

TEST(KeptNames, RoutesNameHeadersAndQueryParameters) {
  auto names = names_of(route_with(
      R"([{headers: [{name: X-User, value: a}, {name: x-b, value: b}]}, {queryParams: [{name: v, value: "2"}]}])"));

  EXPECT_EQ(headers(*names), (Names{"x-b", "x-user"}));
  EXPECT_EQ(query(*names), (Names{"v"}));
  EXPECT_TRUE(names->secrets().empty());
}

TEST(KeptNames, PoliciesNameHeaders) {
  auto names = names_of(R"(
apiVersion: heddle.dev/v1
kind: AuthorizationPolicy
metadata: {name: p}
spec:
  action: allow
  rules:
  - to: [{headers: [{name: x-tenant, value: a}, {name: x-any}]}]
---
apiVersion: heddle.dev/v1
kind: RateLimitPolicy
metadata: {name: p}
spec:
  limits:
  - name: l
    requests: 1
    per: 1s
    matches: [{headers: [{name: x-limited, value: a}]}]
    by: [{header: x-api-key}]
)");

  EXPECT_EQ(headers(*names), (Names{"x-any", "x-limited", "x-tenant"})) << "keys of limits are not among them";
}

TEST(KeptNames, OfSecretsTheQuestionsAreKept) {
  auto names = names_of(route_with(
      R"([{headers: [{name: Cookie, value: canary=1}]},
          {headers: [{name: authorization, type: RegularExpression, value: "Bearer .*"}]}])"));

  EXPECT_TRUE(names->headers().empty());
  EXPECT_EQ(secrets(*names), (Names{"authorization: RegularExpression Bearer .*", "authorization: present",
                                    "cookie: Exact canary=1", "cookie: present"}));
  EXPECT_TRUE(names->secrets()[0].asks("Bearer x"));
  EXPECT_FALSE(names->secrets()[0].asks("Basic x"));
  EXPECT_TRUE(names->secrets()[1].asks("Basic x"));
  EXPECT_TRUE(names->secrets()[2].asks("canary=1"));
  EXPECT_FALSE(names->secrets()[2].asks("canary=2"));
}

// Whichever rule names it, and however it writes it; set-cookie too, though it belongs to answers.
TEST(KeptNames, NoRuleMakesTheValueOfASecretKept) {
  for (std::string_view name : {"Authorization", "Proxy-Authorization", "COOKIE", "Set-Cookie"}) {
    std::string field = str_cat("{name: ", name, ", value: a}");
    auto names = names_of(str_cat(route_with(str_cat("[{headers: [", field, "]}]")), R"(
---
apiVersion: heddle.dev/v1
kind: AuthorizationPolicy
metadata: {name: p}
spec:
  action: allow
  rules:
  - to: [{headers: [)",
                                  field, ", {name: ", name, R"(}]}]
---
apiVersion: heddle.dev/v1
kind: RateLimitPolicy
metadata: {name: p}
spec:
  limits:
  - {name: l, requests: 1, per: 1s, matches: [{headers: [)",
                                  field, "]}]}\n"));

    EXPECT_TRUE(names->headers().empty()) << name;
    ASSERT_EQ(names->secrets().size(), 2U) << name;
    EXPECT_TRUE(is_secret_header(names->secrets()[0].name)) << names->secrets()[0].name;
  }
}

TEST(KeptNames, NoRuleMayNameForwardedClientCertificates) {
  std::string problems = spec_problems_of(route_with("[{headers: [{name: X-Forwarded-Client-Cert, value: a}]}]"));

  EXPECT_NE(problems.find("is a header that sidecars remove from every request"), std::string::npos) << problems;
  EXPECT_TRUE(is_secret_header("x-forwarded-client-cert")) << "and it would be no name";
}

TEST(KeptNames, AnEqualListIsTheSameObject) {
  auto before = names_of(route_with("[{headers: [{name: x-a, value: a}]}]"));
  Model same = model_of(route_with("[{headers: [{name: x-a, value: b}]}]"));
  Model other = model_of(route_with("[{headers: [{name: x-b, value: b}]}]"));

  EXPECT_EQ(KeptNames::of(same, before), before);
  EXPECT_NE(KeptNames::of(other, before), before);
}

TEST(KeptNames, ASnapshotHasThem) {
  auto snapshot = snapshot_of(service_yaml("hello") + route_with("[{headers: [{name: x-a, value: a}]}]"));

  EXPECT_EQ(headers(*snapshot->kept_names()), (Names{"x-a"}));
}

TEST(KeptNames, AreBounded) {
  std::string yaml;
  for (size_t i = 0; i < 2 * KeptNames::kMost; ++i) {
    std::string number = std::to_string(100 + i);
    yaml += "---" + route_with("[{headers: [{name: x-" + number + ", value: a}]}]", "r" + number);
  }

  auto names = names_of(yaml);

  ASSERT_EQ(names->headers().size(), KeptNames::kMost);
  EXPECT_EQ(names->headers().front(), "x-100");
}
}  // namespace
}  // namespace heddle
