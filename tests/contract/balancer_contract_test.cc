// What every load balancing policy promises; the policies come from the registry, so a new one is tested by being
// there.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "proxy/lb/registry.h"
#include "proxy/lb/stable_hash.h"
#include "proxy/resilience/health_table.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr MonoTime kNow{100s};

class BalancerContract : public testing::TestWithParam<std::string> {
 protected:
  void add_endpoints(const std::vector<uint32_t>& weights) {
    for (uint32_t weight : weights) {
      auto port = static_cast<uint16_t>(8000 + health_.size());
      health_.push_back(table_.get({Address::loopback(port), ""}));
      candidates_.push_back({health_.back(), weight, stable_hash(port, 0)});
    }
    balancer_->update(candidates_);
  }
  std::unique_ptr<LoadBalancer> make(Random& random) const {
    return (*make_lb_registry().find(GetParam()))({random, *table_.epoch()});
  }
  std::optional<uint32_t> pick(std::span<const uint32_t> tried = {}) {
    return balancer_->pick({.now = kNow, .tried = tried});
  }
  std::vector<size_t> count_picks(size_t picks) {
    std::vector<size_t> counts(candidates_.size());
    for (size_t i = 0; i < picks; ++i) ++counts[pick().value()];
    return counts;
  }
  // The longest run of picks in which some endpoint did not occur.
  size_t longest_absence(size_t picks) {
    std::vector<size_t> last(candidates_.size(), 0);
    size_t longest = 0;
    for (size_t i = 1; i <= picks; ++i) {
      last[pick().value()] = i;
      longest = std::max(longest, i - *std::min_element(last.begin(), last.end()));
    }
    return longest;
  }
  HealthTable table_;
  SeededRandom random_{7};
  std::vector<std::shared_ptr<EndpointHealth>> health_;
  std::vector<LbCandidate> candidates_;
  std::unique_ptr<LoadBalancer> balancer_ = make(random_);
};

// Policies that use endpoints in turn; "random" draws each time anew, as those that hash do without a key.
class BalancerTurns : public BalancerContract {};

std::vector<std::string> policies_with_turns() {
  auto names = make_lb_registry().names();
  for (const char* drawn : {"random", "ringHash", "maglev"}) std::erase(names, drawn);
  return names;
}

TEST_P(BalancerContract, FindsNothingWithoutEndpoints) {
  EXPECT_EQ(pick(), std::nullopt);
  add_endpoints({});
  EXPECT_EQ(pick(), std::nullopt);
}

TEST_P(BalancerContract, FindsNothingWhenEveryEndpointIsUnusable) {
  add_endpoints({1, 1});
  health_[0]->set(HealthFlag::kCheckFailed, {});
  health_[1]->set(HealthFlag::kEjected, {});

  EXPECT_EQ(pick(), std::nullopt);
}

TEST_P(BalancerContract, NeverPicksAnUnusableEndpoint) {
  add_endpoints({1, 1, 1, 1});
  (void)count_picks(10);
  health_[2]->set(HealthFlag::kDraining, {});

  auto counts = count_picks(10'000);

  EXPECT_EQ(counts[2], 0U);
  EXPECT_GT(counts[0], 0U);
  EXPECT_GT(counts[1], 0U);
  EXPECT_GT(counts[3], 0U);
}

TEST_P(BalancerContract, PicksAnEndpointThatCameBack) {
  add_endpoints({1, 1, 1});
  health_[1]->set(HealthFlag::kCheckFailed, {});
  (void)count_picks(1000);
  health_[1]->clear(HealthFlag::kCheckFailed, {});

  auto counts = count_picks(3000);

  EXPECT_NEAR(static_cast<double>(counts[1]), 1000, 150) << "neither shunned nor flooded";
}

TEST_P(BalancerContract, NeverPicksWhatWasTried) {
  add_endpoints({1, 5, 1, 1});
  std::array<uint32_t, 2> tried = {1, 3};
  std::set<uint32_t> picked;

  for (int i = 0; i < 10'000; ++i) picked.insert(pick(tried).value());

  EXPECT_EQ(picked, (std::set<uint32_t>{0, 2}));
}

TEST_P(BalancerContract, FindsTheOneThatWasNotTriedAmongHeavyOnes) {
  add_endpoints({1000, 1000, 1});
  std::array<uint32_t, 2> tried = {0, 1};

  for (int i = 0; i < 100; ++i) EXPECT_EQ(pick(tried), 2U);
}

TEST_P(BalancerContract, FindsNothingWhenEverythingWasTried) {
  add_endpoints({1, 1, 1});
  health_[2]->set(HealthFlag::kCheckFailed, {});
  std::array<uint32_t, 2> tried = {0, 1};

  EXPECT_EQ(pick(tried), std::nullopt);
}

TEST_P(BalancerContract, KeepsWeightsWithinTwoPercent) {
  add_endpoints({1, 2, 5, 0});
  constexpr size_t kPicks = 100'000;

  auto counts = count_picks(kPicks);

  EXPECT_NEAR(static_cast<double>(counts[0]), kPicks * 1.0 / 8, kPicks * 0.02 / 8);
  EXPECT_NEAR(static_cast<double>(counts[1]), kPicks * 2.0 / 8, kPicks * 0.04 / 8);
  EXPECT_NEAR(static_cast<double>(counts[2]), kPicks * 5.0 / 8, kPicks * 0.10 / 8);
  EXPECT_EQ(counts[3], 0U) << "weight 0 gets nothing";
}

TEST_P(BalancerContract, RepeatsItsPicksForTheSameSeed) {
  add_endpoints({1, 2, 3});
  SeededRandom same(7);
  auto twin = make(same);
  twin->update(candidates_);

  for (int i = 0; i < 1000; ++i) EXPECT_EQ(twin->pick({.now = kNow}), pick());
}

TEST_P(BalancerTurns, UsesIdleEqualEndpointsInTurn) {
  add_endpoints({1, 1, 1, 1, 1, 1});

  EXPECT_LE(longest_absence(10'000), 6U);
}

TEST_P(BalancerTurns, ReachesEveryIdleEndpointWithinSixRoundsWhateverTheLatencyNoise) {
  add_endpoints({1, 1, 1, 1, 1, 1});
  for (uint32_t i = 0; i < 5; ++i) balancer_->on_response(i, 2ms, kNow);
  balancer_->on_response(5, 60ms, kNow);

  EXPECT_LE(longest_absence(10'000), 36U / 2) << "half of it: two workers may share the requests";
}

TEST_P(BalancerTurns, ReachesEveryEndpointWhileOthersComeAndGo) {
  add_endpoints({1, 1, 1, 1, 1, 1});
  std::vector<size_t> counts(6);

  for (size_t i = 0; i < 6000; ++i) {
    if (i % 2 == 0) health_[5]->set(HealthFlag::kEjected, {});
    if (i % 2 == 1) health_[5]->clear(HealthFlag::kEjected, {});
    ++counts[pick().value()];
  }

  EXPECT_GT(*std::min_element(counts.begin(), counts.begin() + 5), 800U);
}

TEST_P(BalancerContract, TakesAnUpdateOfItsEndpoints) {
  add_endpoints({1, 1, 1});
  (void)count_picks(100);
  candidates_.erase(candidates_.begin());
  balancer_->update(candidates_);

  auto counts = count_picks(1000);

  EXPECT_EQ(counts.size(), 2U);
  EXPECT_NEAR(static_cast<double>(counts[0]), 500, 100);
}

TEST_P(BalancerContract, AllocatesNothingPerPickEvenWhenHealthChanges) {
  add_endpoints({1, 2, 3, 1});
  std::array<uint32_t, 1> tried = {1};
  AllocationCounter allocations;

  for (int i = 0; i < 1000; ++i) {
    health_[2]->set(HealthFlag::kEjected, {});
    (void)pick(tried);
    health_[2]->clear(HealthFlag::kEjected, {});
    balancer_->on_response(pick().value(), 3ms, kNow);
  }

  EXPECT_EQ(allocations.count(), 0U);
}

TEST_P(BalancerContract, IsFairAmongAThousand) {
  add_endpoints(std::vector<uint32_t>(1000, 1));

  auto counts = count_picks(100'000);

  EXPECT_GT(*std::min_element(counts.begin(), counts.end()), 50U);
  EXPECT_LT(*std::max_element(counts.begin(), counts.end()), 160U);
}

INSTANTIATE_TEST_SUITE_P(EveryPolicy, BalancerContract, testing::ValuesIn(make_lb_registry().names()),
                         [](const auto& name) { return name.param; });
INSTANTIATE_TEST_SUITE_P(EveryPolicyButRandom, BalancerTurns, testing::ValuesIn(policies_with_turns()),
                         [](const auto& name) { return name.param; });
}  // namespace
}  // namespace heddle
