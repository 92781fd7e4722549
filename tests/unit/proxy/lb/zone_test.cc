// The part that stays in the zone of the sidecar, by itself and through the policies that know shares.
#include <gtest/gtest.h>

#include <array>

#include "proxy/lb/registry.h"
#include "proxy/lb/zone_part.h"
#include "proxy/resilience/health_table.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
TEST(ZonePart, IsEverythingWhileTheZoneIsHealthyAndCalm) {
  EXPECT_EQ(zone_part({2, 4, 1, 0}), 1);
  EXPECT_EQ(zone_part({2, 4, 0.75, 0}), 1) << "1.4 times 75 %";
  EXPECT_EQ(zone_part({2, 4, 1, 32}), 1) << "16 per weight";
}

TEST(ZonePart, IsNothingOrEverythingWhereOneSideHasNobody) {
  EXPECT_EQ(zone_part({0, 4, 0, 100}), 0);
  EXPECT_EQ(zone_part({2, 0, 0.1, 1000}), 1);
}

TEST(ZonePart, SpillsWhatAZoneWithFewHealthyEndpointsCannotTake) {
  EXPECT_DOUBLE_EQ(zone_part({2, 6, 0.5, 0}), 0.7);
  EXPECT_DOUBLE_EQ(zone_part({2, 2, 0.1, 0}), 0.5) << "not less than without zones";
}

// Of 80 in flight 44 stay on two endpoints (22 = 16 + 2 x 3 each), 36 go to twelve others (3 each).
TEST(ZonePart, SpillsWhatIsInFlightBeyondTheCalm) { EXPECT_DOUBLE_EQ(zone_part({2, 12, 1, 80}), 44.0 / 80); }

TEST(ZonePart, OfHugeLoadKeepsAtMostTwiceAProportionalShare) {
  double part = zone_part({1, 1, 1, 1e9});

  EXPECT_NEAR(part, 2.0 / 3, 1e-6);
}

TEST(ZonePart, FallsAsLoadGrowsAndNeverBelowTheProportionalShare) {
  double before = 1;
  for (double load = 0; load < 10'000; load += 50) {
    double part = zone_part({3, 7, 1, load});
    EXPECT_LE(part, before);
    EXPECT_GE(part, 0.3);
    before = part;
  }
}

class ZoneAware : public testing::TestWithParam<std::string_view> {
 protected:
  void add(size_t count, bool is_local, uint8_t priority = 0) {
    for (size_t i = 0; i < count; ++i) {
      health_.push_back(table_.get({Address::loopback(static_cast<uint16_t>(1 + health_.size())), ""}));
      candidates_.push_back({health_.back(), 1, 0, priority, is_local});
    }
    balancer_->update(candidates_);
  }
  std::vector<size_t> count(size_t picks) {
    std::vector<size_t> out(candidates_.size());
    for (size_t i = 0; i < picks; ++i) ++out[balancer_->pick({.now = now_}).value()];
    return out;
  }
  HealthTable table_;
  SeededRandom random_{9};
  std::unique_ptr<LoadBalancer> balancer_ = (*make_lb_registry().find(GetParam()))({random_, *table_.epoch()});
  std::vector<std::shared_ptr<EndpointHealth>> health_;
  std::vector<LbCandidate> candidates_;
  MonoTime now_{100s};
};

TEST_P(ZoneAware, StaysInTheZone) {
  add(2, true);
  add(4, false);

  auto counts = count(1000);

  EXPECT_EQ(counts[0] + counts[1], 1000U);
}

TEST_P(ZoneAware, LeavesAZoneWithoutHealthyEndpoints) {
  add(1, true);
  add(2, false);
  health_[0]->set(HealthFlag::kCheckFailed, {});

  auto counts = count(1000);

  EXPECT_EQ(counts[0], 0U);
  EXPECT_NEAR(static_cast<double>(counts[1]), 500, 60);
}

TEST_P(ZoneAware, SpillsWhenTheZoneIsLoaded) {
  add(2, true);
  add(12, false);
  std::vector<InFlight> busy;
  for (int i = 0; i < 40; ++i) {
    busy.emplace_back(*health_[0]);
    busy.emplace_back(*health_[1]);
  }
  (void)count(1);
  now_ = now_ + 1s;

  auto counts = count(10'000);

  EXPECT_NEAR(static_cast<double>(counts[0] + counts[1]), 5500, 300);
}

TEST_P(ZoneAware, LooksAtTheLoadAgainWithoutAnyChangeOfHealth) {
  add(2, true);
  add(2, false);
  (void)count(10);
  std::vector<InFlight> busy;
  for (int i = 0; i < 1000; ++i) busy.emplace_back(*health_[0]);
  now_ = now_ + 100ms;

  auto counts = count(1000);

  EXPECT_GT(counts[2] + counts[3], 250U);
}

TEST_P(ZoneAware, ATryAfterAllOfTheZoneLeavesIt) {
  add(1, true);
  add(1, false);
  std::array<uint32_t, 1> tried = {0};

  EXPECT_EQ(balancer_->pick({.now = now_, .tried = tried}), 1U);
}

TEST_P(ZoneAware, PriorityComesBeforeTheZone) {
  add(2, false, 0);
  add(2, true, 1);

  auto counts = count(1000);

  EXPECT_EQ(counts[0] + counts[1], 1000U);
}

INSTANTIATE_TEST_SUITE_P(PoliciesWithShares, ZoneAware,
                         testing::Values("peakEwma", "leastRequest", "roundRobin", "random"),
                         [](const auto& policy) { return std::string(policy.param); });
}  // namespace
}  // namespace heddle
