#include "control/plan/plan_routes.h"

#include <algorithm>

#include "tests/unit/control/plan/plan_fixtures.h"

namespace heddle {
namespace {
using What = PlannedRoute::What;
const std::string kServices = service_yaml("a") + service_yaml("b");
const std::string kAll = plan_rule("", {{"a", 1}});

class PlanRoutesTest : public testing::Test {
 protected:
  static PlanRoutes plan(const std::string& before, const std::string& after) {
    PlanSides sides = plan_sides(kServices, before, after);
    return plan_routes(*sides.before, *sides.after);
  }
  static PlannedRoute only(const std::string& before, const std::string& after) {
    PlanRoutes routes = plan(before, after);
    EXPECT_EQ(routes.count, 1U);
    return routes.rows.empty() ? PlannedRoute() : routes.rows[0];
  }
  static std::string at(std::string_view path, std::string_view to) {
    return plan_rule(str_cat("matches: [{path: {value: ", path, "}}], "), {{to, 1}});
  }
};

TEST_F(PlanRoutesTest, SaysNothingOfWhatStays) { EXPECT_EQ(plan(plan_route(kAll), plan_route(kAll)).count, 0U); }

TEST_F(PlanRoutesTest, AWeightThatMovesIsAChange) {
  PlannedRoute row = only(plan_route(kAll), plan_route(plan_rule("", {{"a", 9}, {"b", 1}})));

  EXPECT_EQ(row.what, What::kChanged);
  EXPECT_EQ(row.service, "default/a");
  EXPECT_EQ(row.port, 80);
  EXPECT_EQ(row.match, "PathPrefix /");
  EXPECT_EQ(row.before, "default/a");
  EXPECT_EQ(row.after, "default/a 90%, default/b 10%");
}

TEST_F(PlanRoutesTest, RulesThatComeAndGoAreNamedByTheirMatch) {
  std::string two = kAll + ", " + at("/cart", "b");

  PlannedRoute added = only(plan_route(kAll), plan_route(two));
  PlannedRoute removed = only(plan_route(two), plan_route(kAll));

  EXPECT_EQ(added.what, What::kAdded);
  EXPECT_EQ(added.match, "PathPrefix /cart");
  EXPECT_EQ(added.after, "default/b");
  EXPECT_EQ(added.rule, "HTTPRoute default/r rule 1");
  EXPECT_EQ(removed.what, What::kRemoved);
  EXPECT_EQ(removed.before, "default/b");
}

TEST_F(PlanRoutesTest, ARuleBehindAnEqualMatchIsShadowed) {
  std::string first = plan_route(at("/cart", "a") + ", " + kAll, "first");

  PlannedRoute row = only(first, first + plan_route(at("/cart/", "b"), "second"));

  EXPECT_EQ(row.what, What::kShadowed);
  EXPECT_EQ(row.rule, "HTTPRoute default/second rule 0");
  EXPECT_EQ(row.by, "HTTPRoute default/first rule 0");
  EXPECT_EQ(row.match, "PathPrefix /cart");
}

TEST_F(PlanRoutesTest, ANarrowerMatchShadowsNobody) {
  std::string narrow = "matches: [{path: {value: /cart}, method: GET}], ";
  std::string first = plan_route(at("/cart", "a") + ", " + kAll, "first");

  PlannedRoute row = only(first, first + plan_route(plan_rule(narrow, {{"b", 1}}), "second"));

  EXPECT_EQ(row.what, What::kAdded);
  EXPECT_EQ(row.match, "PathPrefix /cart, method GET");
}

TEST_F(PlanRoutesTest, TheFirstRouteOfAPortThatTakesNotEverythingIsToldOf) {
  PlanRoutes routes = plan("", plan_route(at("/cart", "b")));

  ASSERT_EQ(routes.count, 2U);
  EXPECT_EQ(routes.rows[0].what, What::kAdded);
  EXPECT_EQ(routes.rows[1].what, What::kUncovered);
  EXPECT_EQ(plan("", plan_route(kAll)).count, 1U);
}

TEST_F(PlanRoutesTest, ARouteOfAKindThatGivesWayIsShadowedAsAWhole) {
  std::string grpc =
      "{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: g}, spec: {parentRefs: [{group: "
      "heddle.dev, kind: Service, name: a}], rules: [" +
      kAll + "]}}\n---\n";

  PlanRoutes routes = plan(plan_route(kAll), plan_route(kAll) + grpc);

  auto is_whole = [](const PlannedRoute& row) { return row.what == What::kShadowed && row.match == "every rule"; };
  auto found = std::find_if(routes.rows.begin(), routes.rows.end(), is_whole);
  ASSERT_NE(found, routes.rows.end());
  EXPECT_EQ(found->rule, "HTTPRoute default/r");
  EXPECT_EQ(found->by, "GRPCRoute default/g");
}

TEST_F(PlanRoutesTest, OtherTimeoutsAreAChangeThatIsNamed) {
  PlannedRoute row = only(plan_route(kAll), plan_route(plan_rule("timeouts: {request: 3s}, ", {{"a", 1}})));

  EXPECT_EQ(row.before, "default/a");
  EXPECT_EQ(row.after, "default/a (other timeouts)");
}
}  // namespace
}  // namespace heddle
