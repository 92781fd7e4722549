#include "proxy/app/route_cells.h"

#include <gtest/gtest.h>

#include "proxy/exchange/route_target.h"
#include "tests/support/allocation_counter.h"

namespace heddle {
namespace {
RouteRuntime* numbered(uintptr_t number) { return reinterpret_cast<RouteRuntime*>(number * alignof(RouteRuntime)); }

TEST(RouteCells, KeepEachPairOfRuleAndBackendSetApart) {
  RouteCells cells;
  cells.reset(300);
  for (uint32_t rule = 0; rule < 300; ++rule) {
    for (uint32_t set = 0; set < 10; ++set) {
      RouteRuntime*& cell = cells.of(RouteId(rule), BackendSetId(set));
      ASSERT_EQ(cell, nullptr);
      cell = numbered(1 + rule * 10 + set);
    }
  }

  for (uint32_t rule = 0; rule < 300; ++rule) {
    for (uint32_t set = 0; set < 10; ++set) {
      EXPECT_EQ(cells.of(RouteId(rule), BackendSetId(set)), numbered(1 + rule * 10 + set));
    }
  }
}

TEST(RouteCells, KnowPortsWithoutRules) {
  RouteCells cells;
  cells.reset(300);
  ServicePortEntry ports[2];
  cells.of(ports[0]) = numbered(1);

  EXPECT_EQ(cells.of(ports[1]), nullptr);
  EXPECT_EQ(cells.of(ports[0]), numbered(1));
}

TEST(RouteCells, ForgetEverythingWithTheSnapshot) {
  RouteCells cells;
  cells.reset(300);
  cells.of(RouteId(1), BackendSetId(1)) = numbered(1);

  cells.reset(300);

  EXPECT_EQ(cells.of(RouteId(1), BackendSetId(1)), nullptr);
}

TEST(RouteCells, FindWithoutAllocation) {
  RouteCells cells;
  cells.reset(300);
  for (uint32_t rule = 0; rule < 100; ++rule) cells.of(RouteId(rule), BackendSetId(0)) = numbered(1);
  AllocationCounter counter;

  for (uint32_t rule = 0; rule < 100; ++rule) static_cast<void>(cells.of(RouteId(rule), BackendSetId(0)));

  EXPECT_EQ(counter.count(), 0U);
}
}  // namespace
}  // namespace heddle
