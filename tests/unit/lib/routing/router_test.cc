#include "lib/routing/router.h"

#include <gtest/gtest.h>

#include <map>

#include "lib/base/strings.h"
#include "lib/config/yaml.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
// Every rule's backend is its number among all rules, so that a test can say which one won.
class RouterBuilder {
 public:
  explicit RouterBuilder(std::string_view kind = "HTTPRoute") : kind_(kind) {}
  // `matches`: the elements of rules[].matches, one string per rule.
  RouterBuilder& route(std::string_view name, std::initializer_list<std::string_view> rules,
                       std::string_view created = "") {
    std::string text = str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: ", kind_, ", metadata: {name: ", name,
                               created.empty() ? "" : ", creationTimestamp: '", created, created.empty() ? "" : "'",
                               "}, spec: {parentRefs: [{group: '', kind: Service, name: s}], rules: [");
    for (std::string_view matches : rules) {
      text.append(
          str_cat("{matches: [", matches, "], backendRefs: [{group: heddle.dev, kind: BackendSet, name: b}]},"));
    }
    Problems problems;
    auto documents = parse_documents(text + "]}}", "x.yaml");
    auto envelope = read_envelope(documents->at(0).value, {EnvelopeSource::kStored}, problems);
    auto parsed = envelope ? parse_spec(*envelope, problems) : std::nullopt;
    EXPECT_TRUE(problems.empty()) << problems.text();
    bind(std::get<std::shared_ptr<const HttpRouteSpec>>(*parsed));
    return *this;
  }
  Router build() { return Router(routes_); }

 private:
  void bind(std::shared_ptr<const HttpRouteSpec> spec) {
    auto bound = std::make_shared<BoundRoute>();
    bound->spec = spec;
    for (uint32_t i = 0; i < spec->rules.size(); ++i) bound->rules.push_back({RouteId(next_++), i, spec.get(), {}, {}});
    routes_.push_back(std::move(bound));
  }
  std::string_view kind_;
  std::vector<std::shared_ptr<const BoundRoute>> routes_;
  uint32_t next_ = 0;
};

struct Fields {
  std::map<std::string, std::string, std::less<>> map;
  std::optional<std::string_view> get(std::string_view name) const {
    auto it = map.find(name);
    if (it == map.end()) return std::nullopt;
    return it->second;
  }
};

// The number of the winning rule, -1 for none.
int winner(const Router& router, RequestFacts facts) {
  const RouteCandidate* found = router.match(facts);
  return found == nullptr ? -1 : static_cast<int>(found->id.value());
}
int winner(const Router& router, std::string_view path) { return winner(router, {"GET", "http", "s", path, "", {}}); }

constexpr std::string_view kAny = "{path: {value: /}}";

TEST(Router, PrefersExactOverEveryPrefix) {
  Router router =
      RouterBuilder().route("r", {"{path: {value: /a}, method: GET}", "{path: {type: Exact, value: /a}}"}).build();

  EXPECT_EQ(winner(router, "/a"), 1);
  EXPECT_EQ(winner(router, "/a/"), 0);
}

TEST(Router, PrefersTheLongestPath) {
  Router router =
      RouterBuilder().route("r", {kAny, "{path: {value: /a}, method: GET}", "{path: {value: /a/b}}"}).build();

  EXPECT_EQ(winner(router, "/a/b/c"), 2);
  EXPECT_EQ(winner(router, "/a/bc"), 1);
  EXPECT_EQ(winner(router, "/ab"), 0);
}

TEST(Router, FallsBackToAShorterPathWhenTheRestDiffers) {
  Router router = RouterBuilder().route("r", {kAny, "{path: {value: /a}, method: POST}"}).build();

  EXPECT_EQ(winner(router, "/a"), 0);
}

TEST(Router, PrefersAMethodOverHeaders) {
  Fields fields{{{"a", "1"}, {"b", "2"}}};
  Router router = RouterBuilder()
                      .route("r", {"{headers: [{name: a, value: '1'}, {name: b, value: '2'}]}", "{method: GET}"})
                      .build();

  EXPECT_EQ(winner(router, {"GET", "", "", "/", "", HeaderView(fields)}), 1);
}

TEST(Router, PrefersMoreHeadersOverMoreParameters) {
  Fields fields{{{"a", "1"}, {"b", "2"}}};
  Router router = RouterBuilder()
                      .route("r", {"{headers: [{name: a, value: '1'}], queryParams: [{name: q, value: '1'}]}",
                                   "{headers: [{name: a, value: '1'}, {name: b, value: '2'}]}",
                                   "{queryParams: [{name: q, value: '1'}, {name: p, value: '1'}]}"})
                      .build();

  EXPECT_EQ(winner(router, {"GET", "", "", "/", "q=1&p=1", HeaderView(fields)}), 1);
  EXPECT_EQ(winner(router, {"GET", "", "", "/", "q=1&p=1", {}}), 2);
}

TEST(Router, PrefersMoreParameters) {
  Router router = RouterBuilder()
                      .route("r", {"{queryParams: [{name: q, value: '1'}]}",
                                   "{queryParams: [{name: q, value: '1'}, {name: p, value: '1'}]}"})
                      .build();

  EXPECT_EQ(winner(router, {"GET", "", "", "/", "q=1&p=1", {}}), 1);
  EXPECT_EQ(winner(router, {"GET", "", "", "/", "q=1", {}}), 0);
}

TEST(Router, PrefersTheOldestRoute) {
  Router router = RouterBuilder()
                      .route("a", {kAny}, "2026-01-02T00:00:00Z")
                      .route("b", {kAny}, "2026-01-01T00:00:00Z")
                      .route("c", {kAny})
                      .build();

  EXPECT_EQ(winner(router, "/"), 1);
}

TEST(Router, PrefersTheFirstNameAmongRoutesOfOneAge) {
  Router router = RouterBuilder().route("b", {kAny}).route("a", {kAny}).build();

  EXPECT_EQ(winner(router, "/"), 1);
}

TEST(Router, PrefersTheFirstRuleOfARoute) {
  Router router = RouterBuilder().route("a", {kAny, kAny}).build();

  EXPECT_EQ(winner(router, "/"), 0);
}

TEST(Router, MatchesOfOneRuleAreAlternatives) {
  Router router = RouterBuilder().route("a", {"{path: {value: /x}}, {method: PUT}"}).build();

  EXPECT_EQ(winner(router, "/x/y"), 0);
  EXPECT_EQ(winner(router, {"PUT", "", "", "/z", "", {}}), 0);
  EXPECT_EQ(winner(router, "/z"), -1);
}

TEST(Router, ConditionsOfOneMatchAreAllNeeded) {
  Fields fields{{{"a", "1"}}};
  Router router = RouterBuilder().route("a", {"{path: {value: /x}, headers: [{name: A, value: '1'}]}"}).build();

  EXPECT_EQ(winner(router, {"GET", "", "", "/x", "", HeaderView(fields)}), 0);
  EXPECT_EQ(winner(router, {"GET", "", "", "/y", "", HeaderView(fields)}), -1);
  EXPECT_EQ(winner(router, "/x"), -1);
}

constexpr std::string_view kExpression = "{path: {type: RegularExpression, value: '/a/[a-z]+'}}";

TEST(Router, AnExpressionStandsBetweenExactAndPrefix) {
  Router router = RouterBuilder()
                      .route("r", {"{path: {value: /a/b/c/d}}", "{path: {value: /a}, method: GET}", kExpression,
                                   "{path: {type: Exact, value: /a/x}}"})
                      .build();

  EXPECT_EQ(winner(router, "/a/x"), 3);
  EXPECT_EQ(winner(router, "/a/y"), 2);
  EXPECT_EQ(winner(router, "/a/7"), 1);
  EXPECT_EQ(winner(router, "/a/b/c/d"), 0);
  EXPECT_EQ(winner(router, "/b"), -1);
}

TEST(Router, PrefersTheLongestExpression) {
  Router router = RouterBuilder()
                      .route("r", {"{path: {type: RegularExpression, value: '/a.*'}, method: GET}",
                                   "{path: {type: RegularExpression, value: '/a/[0-9]+'}}"})
                      .build();

  EXPECT_EQ(winner(router, "/a/7"), 1);
  EXPECT_EQ(winner(router, "/a/b"), 0);
}

TEST(Router, AnExpressionWhoseOtherConditionsFailGivesWay) {
  Router router = RouterBuilder()
                      .route("r", {kAny, "{path: {type: RegularExpression, value: '/a.*'}, method: PUT}",
                                   "{path: {type: Exact, value: /a}, method: POST}"})
                      .build();

  EXPECT_EQ(winner(router, "/a"), 0);
  EXPECT_EQ(winner(router, {"PUT", "", "", "/a", "", {}}), 1);
  EXPECT_EQ(winner(router, {"POST", "", "", "/a", "", {}}), 2);
}

TEST(Router, AnExpressionAloneMatchesTheWholePath) {
  Router router = RouterBuilder().route("r", {kExpression}).build();

  EXPECT_EQ(winner(router, "/a/b"), 0);
  EXPECT_EQ(winner(router, "/a/b/c"), -1);
  EXPECT_EQ(winner(router, "/x/a/b"), -1);
}

TEST(Router, ShowsWhatItLookedAtFromTheBestOn) {
  Router router = RouterBuilder()
                      .route("r", {kAny, "{path: {value: /a}, method: PUT}", kExpression,
                                   "{path: {type: RegularExpression, value: '/a.*'}, method: PUT}"})
                      .build();
  std::vector<std::pair<uint32_t, Mismatch>> seen;

  router.match({"GET", "", "", "/a/7", "", {}}, [&](const RouteCandidate& candidate, MatchVerdict verdict) {
    seen.emplace_back(candidate.id.value(), verdict.mismatch);
  });

  EXPECT_EQ(seen, (std::vector<std::pair<uint32_t, Mismatch>>{
                      {2, Mismatch::kPath}, {3, Mismatch::kMethod}, {1, Mismatch::kMethod}, {0, Mismatch::kNone}}));
}

TEST(Router, AsksExpressionsWithoutAllocating) {
  Fields fields{{{"x-a", "v7"}}};
  Router router = RouterBuilder()
                      .route("r", {kExpression,
                                   "{headers: [{type: RegularExpression, name: x-a, value: 'v[0-9]'}], "
                                   "queryParams: [{type: RegularExpression, name: q, value: 'a b'}]}"})
                      .build();
  RequestFacts facts{"GET", "", "", "/b", "q=a+b", HeaderView(fields)};
  ASSERT_EQ(winner(router, facts), 1);
  AllocationCounter counter;

  int found = winner(router, facts);

  EXPECT_EQ(counter.count(), 0U);
  EXPECT_EQ(found, 1);
}

// --- GRPCRoute: longest service, longest method, most headers (Gateway API) ---
int call(const Router& router, std::string_view path, const Fields& fields = {}) {
  return winner(router, {"POST", "http", "s", path, "", HeaderView(fields)});
}

TEST(Router, PrefersTheLongestServiceThenTheLongestMethod) {
  Router router = RouterBuilder("GRPCRoute")
                      .route("r", {"{}", "{method: {method: Get}}", "{method: {service: a.B}}",
                                   "{method: {service: a.B, method: Get}}"})
                      .build();

  EXPECT_EQ(call(router, "/a.B/Get"), 3);
  EXPECT_EQ(call(router, "/a.B/Put"), 2);
  EXPECT_EQ(call(router, "/a.C/Get"), 1);
  EXPECT_EQ(call(router, "/a.C/Put"), 0);
  EXPECT_EQ(call(router, "/a.Bc/Put"), 0);
}

TEST(Router, AServiceWithoutMethodBeatsAMethodWithoutService) {
  Router router =
      RouterBuilder("GRPCRoute").route("r", {"{method: {method: VeryLongMethod}}", "{method: {service: a}}"}).build();

  EXPECT_EQ(call(router, "/a/VeryLongMethod"), 1);
  EXPECT_EQ(call(router, "/b/VeryLongMethod"), 0);
}

TEST(Router, CharactersOfExpressionsCountLikeThoseOfNames) {
  Router router = RouterBuilder("GRPCRoute")
                      .route("r", {"{method: {service: a.B, method: Get}}",
                                   "{method: {type: RegularExpression, service: 'a[.].*', method: Get}}",
                                   "{method: {type: RegularExpression, service: 'a.*', method: 'G'}}"})
                      .build();

  EXPECT_EQ(call(router, "/a.B/Get"), 1);
  EXPECT_EQ(call(router, "/a.B/G"), 2);
}

TEST(Router, PrefersMoreHeadersOfACall) {
  Fields two{{{"version", "two"}, {"color", "orange"}}};
  Fields one{{{"version", "two"}}};
  Router router = RouterBuilder("GRPCRoute")
                      .route("r", {"{headers: [{name: version, value: two}]}",
                                   "{headers: [{name: version, value: two}, {name: color, value: orange}]}"})
                      .build();

  EXPECT_EQ(call(router, "/a/B", two), 1);
  EXPECT_EQ(call(router, "/a/B", one), 0);
  EXPECT_EQ(call(router, "/a/B"), -1);
}

TEST(Router, PrefersTheOldestGrpcRoute) {
  Router router = RouterBuilder("GRPCRoute")
                      .route("a", {"{method: {service: a}}"}, "2026-01-02T00:00:00Z")
                      .route("b", {"{method: {service: a}}"}, "2026-01-01T00:00:00Z")
                      .build();

  EXPECT_EQ(call(router, "/a/B"), 1);
}

// The rules of the Gateway API's conformance case MeshHTTPRouteMatching.
TEST(Router, AnswersTheConformanceTable) {
  Router router = RouterBuilder()
                      .route("r", {"{path: {value: /}}, {headers: [{name: version, value: one}]}",
                                   "{path: {value: /v2}}, {headers: [{name: version, value: two}]}"})
                      .build();
  Fields two{{{"version", "two"}}};

  EXPECT_EQ(winner(router, "/"), 0);
  EXPECT_EQ(winner(router, "/example"), 0);
  EXPECT_EQ(winner(router, {"GET", "", "", "/", "", HeaderView(two)}), 1);
  EXPECT_EQ(winner(router, "/v2"), 1);
  EXPECT_EQ(winner(router, "/v2/"), 1);
  EXPECT_EQ(winner(router, "/v2/example"), 1);
  EXPECT_EQ(winner(router, "/v2example"), 0);
  EXPECT_EQ(winner(router, "/foo/v2/example"), 0);
}
}  // namespace
}  // namespace heddle
