#include "proxy/resilience/shedding.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
using enum RequestPriority;

OverloadSpec with_rules() {
  OverloadSpec spec;
  spec.priorities.emplace_back();
  return spec;
}

ShedCause asked(RequestPriority priority, uint32_t in_flight, uint32_t limit, Pressure pressure = Pressure::kNone) {
  return shed({priority, share_percent(with_rules(), priority), in_flight, limit, 100, pressure});
}

// The number of requests in flight at which one of this priority is refused.
uint32_t refused_from(RequestPriority priority, uint32_t limit) {
  uint32_t in_flight = 0;
  while (asked(priority, in_flight, limit) == ShedCause::kNone) ++in_flight;
  return in_flight;
}

TEST(Shedding, LowIsRefusedFirstAndCriticalOnlyAtTheMost) {
  EXPECT_EQ(refused_from(kLow, 40), 20U);
  EXPECT_EQ(refused_from(kDefault, 40), 36U);
  EXPECT_EQ(refused_from(kHigh, 40), 40U);
  EXPECT_EQ(refused_from(kCritical, 40), 100U);
}

TEST(Shedding, TheSmallestLimitLetsOneInOfEach) {
  for (RequestPriority priority : {kLow, kDefault, kHigh}) EXPECT_EQ(refused_from(priority, 1), 1U);
}

TEST(Shedding, WithoutRulesAllAreAlike) { EXPECT_EQ(share_percent(OverloadSpec{}, kDefault), 100U); }

TEST(Shedding, ALargeLimitDoesNotOverflow) {
  EXPECT_EQ(room_of({kDefault, 90, 0, 4'000'000'000U, 4'000'000'000U, Pressure::kNone}), 3'600'000'000U);
}

TEST(Shedding, PressureTakesLowFirstAndCriticalNever) {
  struct Row {
    RequestPriority priority;
    bool at_tight;
    bool at_full;
  };
  for (Row row :
       {Row{kCritical, false, false}, Row{kHigh, false, true}, Row{kDefault, false, true}, Row{kLow, true, true}}) {
    EXPECT_EQ(asked(row.priority, 0, 40), ShedCause::kNone);
    EXPECT_EQ(asked(row.priority, 0, 40, Pressure::kTight) == ShedCause::kPressure, row.at_tight)
        << to_text(row.priority);
    EXPECT_EQ(asked(row.priority, 0, 40, Pressure::kFull) == ShedCause::kPressure, row.at_full)
        << to_text(row.priority);
  }
}
}  // namespace
}  // namespace heddle
