#include "lib/routing/l4_router.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/allocation_counter.h"

namespace heddle {
namespace {
using Routes = std::vector<std::shared_ptr<const BoundRoute>>;

std::shared_ptr<const BoundRoute> route(Kind kind, std::string_view name, std::vector<std::string> hostnames,
                                        std::optional<int> age = {}) {
  auto spec = std::make_shared<HttpRouteSpec>();
  spec->key = ResourceKey{kind, "default", std::string(name)};
  spec->hostnames = std::move(hostnames);
  if (age) spec->created = WallTime(std::chrono::hours(1000 - *age));
  spec->rules.emplace_back();
  auto out = std::make_shared<BoundRoute>();
  out->rules.push_back({RouteId(0), 0, spec.get(), {}, {}});
  out->spec = std::move(spec);
  return out;
}
std::shared_ptr<const BoundRoute> tls(std::string_view name, std::vector<std::string> hostnames,
                                      std::optional<int> age = {}) {
  return route(Kind::kTlsRoute, name, std::move(hostnames), age);
}
std::shared_ptr<const BoundRoute> tcp(std::string_view name, std::optional<int> age = {}) {
  return route(Kind::kTcpRoute, name, {}, age);
}
std::string found(const L4Router& router, std::string_view server_name) {
  L4Match match = router.match(server_name);
  return match.rule == nullptr ? "none" : match.rule->route->key.name;
}

TEST(L4Router, AnExactNameIsBeforeEveryWildcard) {
  L4Router router({tls("wide", {"*.test"}), tls("exact", {"a.b.test"}), tls("near", {"*.b.test"})});

  EXPECT_EQ(found(router, "a.b.test"), "exact");
  EXPECT_EQ(router.match("a.b.test").name, "a.b.test");
}

TEST(L4Router, TheLongestWildcardWins) {
  L4Router router({tls("wide", {"*.test"}), tls("near", {"*.b.test"})});

  EXPECT_EQ(found(router, "a.b.test"), "near");
  EXPECT_EQ(found(router, "x.y.b.test"), "near") << "a wildcard stands for one label or more";
  EXPECT_EQ(found(router, "b.test"), "wide") << "but for one at least";
  EXPECT_EQ(found(router, "test"), "none");
  EXPECT_EQ(router.match("x.y.b.test").name, ".b.test");
}

TEST(L4Router, LabelsAreCompared) {
  L4Router router({tls("r", {"*.b.test"})});

  EXPECT_EQ(found(router, "ab.test"), "none");
  EXPECT_EQ(found(router, "a.xb.test"), "none");
  EXPECT_EQ(found(router, ".b.test"), "none");
  EXPECT_EQ(found(router, "a.b.test.x"), "none");
}

TEST(L4Router, CaseAndAFinalDotDoNotCount) {
  L4Router router({tls("exact", {"a.test"}), tls("wild", {"*.b.test"})});

  EXPECT_EQ(found(router, "A.Test"), "exact");
  EXPECT_EQ(found(router, "X.B.test"), "wild");
  EXPECT_EQ(found(router, "a.test."), "exact");
}

TEST(L4Router, ATcpRouteTakesWhatNoNameFits) {
  L4Router router({tls("r", {"a.test"}), tcp("rest")});

  EXPECT_EQ(found(router, "a.test"), "r");
  EXPECT_EQ(found(router, "b.test"), "rest");
  EXPECT_EQ(found(router, ""), "rest");
  EXPECT_TRUE(router.match("b.test").name.empty());
}

TEST(L4Router, WithoutATcpRouteTheRestIsNobodys) {
  L4Router router({tls("r", {"a.test", "*.b.test"})});

  EXPECT_EQ(found(router, ""), "none");
  EXPECT_EQ(found(router, "c.test"), "none");
}

TEST(L4Router, OnlyTlsRoutesAskForTheServerName) {
  EXPECT_FALSE(L4Router({tcp("r")}).asks_server_name());
  EXPECT_TRUE(L4Router({tcp("r"), tls("s", {"*.test"})}).asks_server_name());
  EXPECT_TRUE(L4Router({tls("s", {"a.test"})}).asks_server_name());
}

TEST(L4Router, TheOldestRouteWinsThenItsName) {
  EXPECT_EQ(found(L4Router({tcp("young", 1), tcp("old", 9)}), ""), "old");
  EXPECT_EQ(found(L4Router({tcp("b"), tcp("a")}), ""), "a");
  EXPECT_EQ(found(L4Router({tcp("a"), tcp("dated", 1)}), ""), "dated");
  EXPECT_EQ(found(L4Router({tls("young", {"a.test"}, 1), tls("old", {"a.test"}, 9)}), "a.test"), "old");
  EXPECT_EQ(found(L4Router({tls("young", {"*.test"}, 1), tls("old", {"*.test"}, 9)}), "a.test"), "old");
}

TEST(L4Router, MatchesWithoutAllocating) {
  L4Router router({tls("exact", {"a.test"}), tls("wild", {"*.b.test"}), tcp("rest")});
  int decided = 0;
  AllocationCounter counter;

  for (std::string_view name : {"a.test", "x.y.b.test", "nobody.example", ""}) {
    decided += router.match(name).rule != nullptr;
  }

  EXPECT_EQ(counter.count(), 0U);
  EXPECT_EQ(decided, 4);
}
}  // namespace
}  // namespace heddle
