#include "proxy/resilience/pressure.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr size_t kLimit = 1000;

TEST(MemoryPressure, RisesAt92And95PerCent) {
  MemoryPressure memory(kLimit);

  EXPECT_EQ(memory.judge(919), Pressure::kNone);
  EXPECT_EQ(memory.judge(920), Pressure::kTight);
  EXPECT_EQ(memory.judge(949), Pressure::kTight);
  EXPECT_EQ(memory.judge(950), Pressure::kFull);
}

TEST(MemoryPressure, FallsTwoPerCentBelow) {
  MemoryPressure memory(kLimit);
  memory.judge(999);

  EXPECT_EQ(memory.judge(930), Pressure::kFull);
  EXPECT_EQ(memory.judge(929), Pressure::kTight);
  EXPECT_EQ(memory.judge(900), Pressure::kTight);
  EXPECT_EQ(memory.judge(899), Pressure::kNone);
  EXPECT_EQ(memory.judge(919), Pressure::kNone);
}

TEST(MemoryPressure, FallsAtOnceFromTheHighestToTheLowest) {
  MemoryPressure memory(kLimit);
  memory.judge(999);

  EXPECT_EQ(memory.judge(100), Pressure::kNone);
}

TEST(LoopLag, OneLongTurnIsNoOverload) {
  LoopLag lag;

  EXPECT_EQ(lag.judge(std::chrono::seconds(5)), Pressure::kNone);
  EXPECT_EQ(lag.judge(Duration{}), Pressure::kNone);
}

TEST(LoopLag, ThreeInARowAreUntilOneIsOnTime) {
  LoopLag lag;

  EXPECT_EQ(lag.judge(LoopLag::kLate), Pressure::kNone);
  EXPECT_EQ(lag.judge(LoopLag::kLate), Pressure::kNone);
  EXPECT_EQ(lag.judge(LoopLag::kLate), Pressure::kFull);
  EXPECT_EQ(lag.judge(LoopLag::kOnTime + Duration(1)), Pressure::kFull);
  EXPECT_EQ(lag.judge(LoopLag::kOnTime), Pressure::kNone);
}

TEST(LoopLag, LatenessInBetweenStartsTheCountAgain) {
  LoopLag lag;
  lag.judge(LoopLag::kLate);
  lag.judge(LoopLag::kLate);
  lag.judge(LoopLag::kLate - Duration(1));

  EXPECT_EQ(lag.judge(LoopLag::kLate), Pressure::kNone);
}
}  // namespace
}  // namespace heddle
