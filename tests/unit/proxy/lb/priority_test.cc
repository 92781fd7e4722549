// Priority levels and panic through every policy: which endpoints get requests when others are down.
#include <gtest/gtest.h>

#include <array>

#include "proxy/lb/level_loads.h"
#include "proxy/lb/registry.h"
#include "proxy/lb/stable_hash.h"
#include "proxy/resilience/health_table.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr size_t kPicks = 20'000;

class EveryBalancer : public testing::TestWithParam<std::string> {
 protected:
  void start(uint32_t panic_below = 0) {
    balancer_ = (*make_lb_registry().find(GetParam()))({random_, *table_.epoch(), LbShape{.panic_below = panic_below}});
    balancer_->update(candidates_);
  }
  void add(size_t count, uint8_t priority) {
    for (size_t i = 0; i < count; ++i) {
      auto port = static_cast<uint16_t>(1 + health_.size());
      health_.push_back(table_.get({Address::loopback(port), ""}));
      candidates_.push_back({health_.back(), 1, stable_hash(port, 0), priority});
    }
  }
  void fail(std::initializer_list<size_t> indexes) {
    for (size_t i : indexes) health_[i]->set(HealthFlag::kCheckFailed, {});
  }
  std::optional<uint32_t> pick(uint64_t key, std::span<const uint32_t> tried = {}) {
    return balancer_->pick({.now = MonoTime(1s), .tried = tried, .hash = stable_hash(key, 99)});
  }
  // By index; the key is another one each time.
  std::vector<size_t> count() {
    std::vector<size_t> out(candidates_.size());
    for (uint64_t key = 0; key < kPicks; ++key) ++out[pick(key).value()];
    return out;
  }
  // Of the picks, by level, in percent.
  std::array<double, kLevels> levels() {
    std::array<size_t, kLevels> sums{};
    auto counts = count();
    for (size_t i = 0; i < counts.size(); ++i) sums[candidates_[i].priority] += counts[i];
    std::array<double, kLevels> out{};
    for (size_t level = 0; level < kLevels; ++level) out[level] = static_cast<double>(sums[level]) * 100 / kPicks;
    return out;
  }

  HealthTable table_;
  SeededRandom random_{21};
  std::vector<std::shared_ptr<EndpointHealth>> health_;
  std::vector<LbCandidate> candidates_;
  std::unique_ptr<LoadBalancer> balancer_;
};

class Priority : public EveryBalancer {};
class Panic : public EveryBalancer {};

TEST_P(Priority, UsesTheFirstLevelAloneWhileItIsHealthyEnough) {
  add(4, 0);
  add(2, 1);
  start();
  fail({0});

  EXPECT_EQ(levels()[0], 100) << "1.4 x 75 % is enough";
}

TEST_P(Priority, GivesTheNextLevelWhatTheFirstCannotTake) {
  add(4, 0);
  add(3, 5);
  start();
  fail({0, 1});

  auto parts = levels();

  EXPECT_NEAR(parts[0], 70, 1.5);
  EXPECT_NEAR(parts[5], 30, 1.5);
}

TEST_P(Priority, SharesEvenlyWithinEachLevel) {
  add(2, 0);
  add(3, 1);
  start();
  fail({0});

  auto counts = count();

  EXPECT_NEAR(static_cast<double>(counts[1]), kPicks * 0.7, kPicks * 0.02);
  for (size_t i : {2, 3, 4}) EXPECT_NEAR(static_cast<double>(counts[i]), kPicks * 0.1, kPicks * 0.02);
}

TEST_P(Priority, GoesBackWhenTheFirstLevelIsHealthyAgain) {
  add(2, 0);
  add(2, 1);
  start();
  fail({0, 1});
  EXPECT_EQ(levels()[1], 100);
  health_[0]->clear(HealthFlag::kCheckFailed, {});
  health_[1]->clear(HealthFlag::kCheckFailed, {});

  EXPECT_EQ(levels()[0], 100);
}

TEST_P(Priority, ATryAfterAllOfTheFirstLevelGoesToTheNext) {
  add(1, 0);
  add(1, 7);
  add(1, 3);
  start();
  EXPECT_EQ(pick(1), 0U);
  std::array<uint32_t, 2> tried = {0, 2};

  EXPECT_EQ(pick(1, std::span(tried).first(1)), 2U) << "the lower level first";
  EXPECT_EQ(pick(1, tried), 1U);
}

TEST_P(Panic, IsOffUnlessAsked) {
  add(4, 0);
  start();
  fail({0, 1, 2});

  auto counts = count();

  EXPECT_EQ(counts[3], kPicks);
  EXPECT_FALSE(balancer_->is_panicking());
}

TEST_P(Panic, UsesAllEndpointsBelowTheThreshold) {
  add(4, 0);
  start(50);
  fail({0, 1, 2});

  auto counts = count();

  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(static_cast<double>(counts[i]), kPicks / 4.0, kPicks * 0.02) << i;
  EXPECT_TRUE(balancer_->is_panicking());
}

TEST_P(Panic, EndsWhenEnoughAreHealthy) {
  add(4, 0);
  start(50);
  fail({0, 1, 2});
  (void)count();
  health_[2]->clear(HealthFlag::kCheckFailed, {});

  auto counts = count();

  EXPECT_EQ(counts[0] + counts[1], 0U);
  EXPECT_FALSE(balancer_->is_panicking());
}

TEST_P(Panic, TakesTheOnlyEndpointAlthoughItIsDown) {
  add(1, 0);
  start(50);
  fail({0});

  EXPECT_EQ(pick(1), 0U);
}

TEST_P(Panic, NeverTakesWhoLeaves) {
  add(3, 0);
  start(50);
  health_[0]->set(HealthFlag::kDraining, {});
  fail({0, 1, 2});

  EXPECT_EQ(count()[0], 0U);
}

TEST_P(Panic, WaitsUntilTheOtherLevelsCannotTakeItEither) {
  add(4, 0);
  add(2, 1);
  start(50);
  fail({0, 1, 2, 3});

  EXPECT_EQ(levels()[1], 100);
  EXPECT_FALSE(balancer_->is_panicking());
}

std::string name_of(const testing::TestParamInfo<std::string>& policy) { return policy.param; }
INSTANTIATE_TEST_SUITE_P(EveryPolicy, Priority, testing::ValuesIn(make_lb_registry().names()), name_of);
INSTANTIATE_TEST_SUITE_P(EveryPolicy, Panic, testing::ValuesIn(make_lb_registry().names()), name_of);
}  // namespace
}  // namespace heddle
