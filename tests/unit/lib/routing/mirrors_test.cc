#include "lib/routing/mirrors.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/routing/route_filters.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr size_t kDraws = 100'000;

std::string route_yaml(std::string_view filters, std::string_view backends =
                                                     "{group: heddle.dev, kind: BackendSet, "
                                                     "name: a}") {
  return str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: ",
                 "{parentRefs: [{group: '', kind: Service, name: a}], rules: [{filters: [", filters,
                 "], backendRefs: [", backends, "]}]}}\n---\n");
}
std::string mirror(std::string_view to, std::string_view share = "") {
  return str_cat("{type: RequestMirror, requestMirror: {backendRef: {group: heddle.dev, kind: BackendSet, name: ", to,
                 "}", share, "}}");
}

// One rule of Service a; BackendSets a, b and c.
class MirrorsTest : public testing::Test {
 protected:
  const Mirrors& of(const std::string& route) {
    snapshot_ = snapshot_of(service_yaml("a") + service_yaml("b") + service_yaml("c") + route);
    return rule().filters->mirrors();
  }
  const RouteRule& rule() const { return snapshot_->routes()[0]->rules[0]; }
  BackendSetId set(std::string_view name) const {
    return snapshot_->find_backend_set({"default", std::string(name)})->id;
  }
  static size_t count(const Mirrors& mirrors, size_t which = 0) {
    SeededRandom random;
    size_t hits = 0;
    for (size_t i = 0; i < kDraws; ++i) hits += mirrors.hits(which, random.next()) ? 1U : 0U;
    return hits;
  }
  std::shared_ptr<const Snapshot> snapshot_;
};

TEST_F(MirrorsTest, LeadToBackendSetsAndToThoseOfServices) {
  const Mirrors& mirrors = of(route_yaml(str_cat(
      mirror("b"), ", {type: RequestMirror, requestMirror: {backendRef: {kind: Service, name: c, port: 80}}}")));

  ASSERT_EQ(mirrors.size(), 2U);
  EXPECT_EQ(mirrors.set(0), set("b"));
  EXPECT_EQ(mirrors.set(1), set("c"));
}

TEST_F(MirrorsTest, ARuleWithoutAnyHasNone) {
  const Mirrors& mirrors = of(route_yaml("{type: RequestHeaderModifier, requestHeaderModifier: {remove: [x-a]}}"));

  EXPECT_EQ(mirrors.size(), 0U);
  EXPECT_FALSE(mirrors.hit_any(0));
}

TEST_F(MirrorsTest, WithoutAShareEveryRequestIsMirrored) {
  EXPECT_EQ(count(of(route_yaml(mirror("b")))), kDraws);
  EXPECT_EQ(count(of(route_yaml(mirror("b", ", percent: 100")))), kDraws);
  EXPECT_EQ(count(of(route_yaml(mirror("b", ", fraction: {numerator: 7, denominator: 7}")))), kDraws);
}

TEST_F(MirrorsTest, OfNothingNoneIs) {
  EXPECT_EQ(count(of(route_yaml(mirror("b", ", percent: 0")))), 0U);
  EXPECT_EQ(count(of(route_yaml(mirror("b", ", fraction: {numerator: 0}")))), 0U);
  EXPECT_FALSE(rule().filters->mirrors().hit_any(1));
}

// Five standard deviations at the most; the numbers are the same in every run.
TEST_F(MirrorsTest, AShareIsOneOfManyRequests) {
  EXPECT_NEAR(static_cast<double>(count(of(route_yaml(mirror("b", ", percent: 20"))))), 20'000, 650);
  EXPECT_NEAR(static_cast<double>(count(of(route_yaml(mirror("b", ", fraction: {numerator: 35}"))))), 35'000, 760);
  EXPECT_NEAR(static_cast<double>(count(of(route_yaml(mirror("b", ", fraction: {numerator: 1, denominator: 1000}"))))),
              100, 50);
  EXPECT_NEAR(static_cast<double>(count(of(route_yaml(mirror("b", ", fraction: {numerator: 1, denominator: 3}"))))),
              33'333, 750);
}

TEST_F(MirrorsTest, TheSameDrawIsMirroredAlike) {
  const Mirrors& mirrors = of(route_yaml(mirror("b", ", percent: 50")));
  SeededRandom random;

  for (int i = 0; i < 1000; ++i) {
    uint64_t draw = random.next();
    ASSERT_EQ(mirrors.hits(0, draw), mirrors.hits(0, draw));
    ASSERT_EQ(mirrors.hits(0, draw), mirrors.hit_any(draw));
  }
}

TEST_F(MirrorsTest, TwoOfARuleDrawEachForItself) {
  const Mirrors& mirrors = of(route_yaml(str_cat(mirror("b", ", percent: 50"), ", ", mirror("c", ", percent: 50"))));
  SeededRandom random;
  size_t both = 0;
  size_t any = 0;

  for (size_t i = 0; i < kDraws; ++i) {
    uint64_t draw = random.next();
    both += mirrors.hits(0, draw) && mirrors.hits(1, draw) ? 1U : 0U;
    any += mirrors.hit_any(draw) ? 1U : 0U;
  }

  EXPECT_NEAR(static_cast<double>(both), kDraws / 4.0, 700);
  EXPECT_NEAR(static_cast<double>(any), kDraws * 3 / 4.0, 700);
}

// Else the mirror would see the requests of one version only.
TEST_F(MirrorsTest, TheBackendDrawnSaysNothingAboutIt) {
  const Mirrors& mirrors = of(route_yaml(mirror("b", ", percent: 50"),
                                         "{group: heddle.dev, kind: BackendSet, name: a, weight: 50}, {group: "
                                         "heddle.dev, kind: BackendSet, name: c, weight: 50}"));
  SeededRandom random;
  size_t of_the_first = 0;

  for (size_t i = 0; i < kDraws; ++i) {
    uint64_t draw = random.next();
    of_the_first += mirrors.hits(0, draw) && rule().backends.number(draw) == 0 ? 1U : 0U;
  }

  EXPECT_NEAR(static_cast<double>(of_the_first), kDraws / 4.0, 700);
}

TEST_F(MirrorsTest, AskingAllocatesNothing) {
  const Mirrors& mirrors = of(route_yaml(str_cat(mirror("b", ", percent: 50"), ", ", mirror("c"))));
  AllocationCounter counter;

  bool any = mirrors.hit_any(1) && mirrors.hits(1, 2);
  uint64_t allocations = counter.count();

  EXPECT_EQ(allocations, 0U);
  EXPECT_TRUE(any);
}
}  // namespace
}  // namespace heddle
