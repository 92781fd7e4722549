// The minimum healthy share: the counting by itself, and what every balancer makes of it.
#include "proxy/lb/minimum_share.h"

#include <gtest/gtest.h>

#include <set>

#include "proxy/lb/registry.h"
#include "proxy/lb/stable_hash.h"
#include "proxy/lb/zone_part.h"
#include "proxy/resilience/health_table.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
SetHealth health_of(const std::vector<LevelHealth>& given, uint32_t min_healthy) {
  LevelHealths levels{};
  std::copy(given.begin(), given.end(), levels.begin());
  return set_health(levels, min_healthy);
}

TEST(MinimumShare, AsManyAsAreWantedAreEnough) {
  EXPECT_TRUE(health_of({{5, 10}}, 50).is_usable);
  EXPECT_FALSE(health_of({{4, 10}}, 50).is_usable);
  EXPECT_TRUE(health_of({{1, 3}}, 33).is_usable) << "33.3 %";
  EXPECT_FALSE(health_of({{1, 3}}, 34).is_usable);
  EXPECT_TRUE(health_of({{10, 10}}, 100).is_usable);
  EXPECT_FALSE(health_of({{9, 10}}, 100).is_usable);
}

TEST(MinimumShare, WithoutAMinimumOneIsEnough) {
  EXPECT_TRUE(health_of({{1, 100}}, 0).is_usable);
  EXPECT_FALSE(health_of({{0, 100}}, 0).is_usable);
  EXPECT_FALSE(health_of({{0, 0}}, 0).is_usable);
}

TEST(MinimumShare, OneLevelThatHasEnoughIsEnough) {
  EXPECT_TRUE(health_of({{1, 10}, {1, 2}}, 50).is_usable);
  EXPECT_FALSE(health_of({{4, 10}, {1, 3}}, 50).is_usable);
}

TEST(MinimumShare, CountsAllLevelsTogether) {
  SetHealth health = health_of({{1, 10}, {2, 3}}, 50);

  EXPECT_EQ(health.all.healthy, 3U);
  EXPECT_EQ(health.all.present, 13U);
}

TEST(MinimumShare, OfLevelsThoseWithEnoughShareTheTraffic) {
  LevelHealths levels{};
  levels[0] = {4, 10};
  levels[1] = {10, 10};

  EXPECT_NEAR(level_loads(levels, 0, 0)[0].part, 0.56, 1e-9);
  EXPECT_EQ(level_loads(levels, 0, 50)[0].part, 0);
  EXPECT_EQ(level_loads(levels, 0, 50)[1].part, 1);
  EXPECT_EQ(level_loads(levels, 0, 40)[1].part, level_loads(levels, 0, 0)[1].part);
}

TEST(MinimumShare, AShortZoneIsLeftWhereOthersHaveSomebody) {
  ZoneState zone{2, 4, 0.4, 0};
  ASSERT_GT(zone_part(zone), 0.5);
  zone.is_short = true;

  EXPECT_EQ(zone_part(zone), 0);
  zone.other_weight = 0;
  EXPECT_EQ(zone_part(zone), 1);
}

class MinimumShareOf : public testing::TestWithParam<std::string> {
 protected:
  void add(size_t count, uint8_t priority = 0, bool is_local = false) {
    for (size_t i = 0; i < count; ++i) {
      auto port = static_cast<uint16_t>(1 + health_.size());
      health_.push_back(table_.get({Address::loopback(port), ""}));
      candidates_.push_back({health_.back(), 1, stable_hash(port, 0), priority, is_local});
    }
  }
  void start(uint32_t min_healthy) {
    balancer_ = (*make_lb_registry().find(GetParam()))({random_, *table_.epoch(), LbShape{.min_healthy = min_healthy}});
    balancer_->update(candidates_);
  }
  void fail(std::initializer_list<size_t> indexes) {
    for (size_t i : indexes) health_[i]->set(HealthFlag::kCheckFailed, {});
  }
  std::optional<uint32_t> pick(uint64_t key = 0, std::span<const uint32_t> tried = {}) {
    return balancer_->pick({.now = MonoTime(1s), .tried = tried, .hash = stable_hash(key, 99)});
  }
  std::set<uint32_t> picked() {
    std::set<uint32_t> out;
    for (uint64_t key = 0; key < 400; ++key) {
      if (auto index = pick(key)) out.insert(*index);
    }
    return out;
  }
  using Indexes = std::set<uint32_t>;

  HealthTable table_;
  SeededRandom random_{17};
  std::vector<std::shared_ptr<EndpointHealth>> health_;
  std::vector<LbCandidate> candidates_;
  std::unique_ptr<LoadBalancer> balancer_;
};

TEST_P(MinimumShareOf, NobodyIsPickedBelowItAndAllAgainAbove) {
  add(4);
  start(50);
  fail({0, 1});
  EXPECT_EQ(picked(), (Indexes{2, 3}));
  fail({2});

  EXPECT_EQ(pick(), std::nullopt);

  health_[0]->clear(HealthFlag::kCheckFailed, {});
  EXPECT_EQ(picked(), (Indexes{0, 3}));
}

TEST_P(MinimumShareOf, WhoLeavesOrHasNoWeightDoesNotCount) {
  add(4);
  candidates_[3].weight = 0;
  start(50);
  health_[2]->set(HealthFlag::kDraining, {});
  fail({0});

  EXPECT_EQ(picked(), (Indexes{1})) << "1 of 2";
}

TEST_P(MinimumShareOf, AShortLevelIsLeftAltogether) {
  add(4, 0);
  add(2, 1);
  start(60);
  fail({0, 1});

  EXPECT_EQ(picked(), (Indexes{4, 5}));
  std::array<uint32_t, 2> tried = {4, 5};
  EXPECT_EQ(pick(0, tried), std::nullopt) << "nobody of the short level is a last resort";
}

INSTANTIATE_TEST_SUITE_P(Policies, MinimumShareOf,
                         testing::Values("peakEwma", "leastRequest", "roundRobin", "random", "ringHash", "maglev"));

class MinimumShareOfAZone : public MinimumShareOf {};

TEST_P(MinimumShareOfAZone, IsThatOfTheZone) {
  add(4, 0, true);
  add(6, 0, false);
  start(50);
  fail({0, 1, 2});

  EXPECT_EQ(picked(), (Indexes{4, 5, 6, 7, 8, 9})) << "7 of 10 in all, 1 of 4 in the zone";
}

INSTANTIATE_TEST_SUITE_P(Policies, MinimumShareOfAZone,
                         testing::Values("peakEwma", "leastRequest", "roundRobin", "random"));
}  // namespace
}  // namespace heddle
