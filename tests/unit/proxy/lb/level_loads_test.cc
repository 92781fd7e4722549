#include "proxy/lb/level_loads.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace heddle {
namespace {
// {healthy, present} of each level.
std::vector<int> percents(const std::vector<LevelHealth>& given, uint32_t panic_below = 0) {
  LevelHealths levels;
  std::copy(given.begin(), given.end(), levels.begin());
  std::vector<int> out;
  for (size_t i = 0; i < given.size(); ++i) {
    out.push_back(static_cast<int>(level_loads(levels, panic_below)[i].part * 100 + 0.5));
  }
  return out;
}
std::vector<bool> panics(const std::vector<LevelHealth>& given, uint32_t panic_below) {
  LevelHealths levels;
  std::copy(given.begin(), given.end(), levels.begin());
  std::vector<bool> out;
  for (size_t i = 0; i < given.size(); ++i) out.push_back(level_loads(levels, panic_below)[i].is_panicking);
  return out;
}
using Percents = std::vector<int>;
using Panics = std::vector<bool>;

TEST(LevelLoads, TheFirstLevelHasEverythingWhileItIsHealthy) {
  EXPECT_EQ(percents({{10, 10}, {10, 10}}), (Percents{100, 0}));
  EXPECT_EQ(percents({{72, 100}, {10, 10}}), (Percents{100, 0})) << "1.4 x 72 % is enough";
}

TEST(LevelLoads, WhatTheFirstCannotTakeGoesToTheNext) {
  EXPECT_EQ(percents({{50, 100}, {10, 10}}), (Percents{70, 30}));
  EXPECT_EQ(percents({{0, 100}, {10, 10}}), (Percents{0, 100}));
  EXPECT_EQ(percents({{25, 100}, {25, 100}, {10, 10}}), (Percents{35, 35, 30}));
}

TEST(LevelLoads, ALevelWithoutEndpointsIsPassedOver) {
  EXPECT_EQ(percents({{0, 0}, {5, 10}, {0, 0}, {1, 1}}), (Percents{0, 70, 0, 30}));
}

TEST(LevelLoads, WhenAllTogetherCannotTakeItEachGetsInProportion) {
  EXPECT_EQ(percents({{20, 100}, {10, 100}}), (Percents{67, 33}));
  EXPECT_EQ(percents({{20, 100}}), (Percents{100}));
}

TEST(LevelLoads, WithoutHealthyEndpointsNobodyGetsAnything) {
  EXPECT_EQ(percents({{0, 10}, {0, 10}}), (Percents{0, 0}));
  EXPECT_EQ(percents({{0, 0}}), (Percents{0}));
}

TEST(LevelLoads, ALevelPanicsBelowTheThreshold) {
  EXPECT_EQ(panics({{4, 10}}, 50), (Panics{true}));
  EXPECT_EQ(panics({{5, 10}}, 50), (Panics{false}));
  EXPECT_EQ(panics({{4, 10}}, 0), (Panics{false}));
  EXPECT_EQ(panics({{0, 0}}, 50), (Panics{false}));
  EXPECT_EQ(panics({{9, 10}}, 100), (Panics{true}));
}

TEST(LevelLoads, NoLevelPanicsWhileAllTogetherCanTakeEverything) {
  EXPECT_EQ(panics({{1, 10}, {10, 10}}, 50), (Panics{false, false}));
  EXPECT_EQ(panics({{1, 10}, {5, 10}}, 50), (Panics{true, false}));
}

TEST(LevelLoads, InPanicWithoutAnyHealthyEndpointTheFirstLevelHasEverything) {
  EXPECT_EQ(percents({{0, 10}, {0, 10}}, 50), (Percents{100, 0}));
  EXPECT_EQ(percents({{0, 0}, {0, 10}}, 50), (Percents{0, 100}));
}

TEST(LevelLoads, AllPartsTogetherAreEverything) {
  for (size_t healthy = 0; healthy <= 10; ++healthy) {
    LevelHealths levels;
    for (size_t i = 0; i < kLevels; ++i) levels[i] = {(healthy + i) % 11, 10};
    double sum = 0;
    for (const LevelLoad& load : level_loads(levels, 0)) sum += load.part;
    EXPECT_NEAR(sum, 1, 1e-9);
  }
}
}  // namespace
}  // namespace heddle
