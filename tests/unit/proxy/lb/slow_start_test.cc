#include "proxy/lb/slow_start.h"

#include <gtest/gtest.h>

#include "proxy/lb/registry.h"
#include "proxy/resilience/health_table.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
class SlowStartTest : public testing::Test {
 protected:
  LbCandidate candidate(uint16_t port) { return {table_.get({Address::loopback(port), ""}), 1}; }
  void update(std::vector<LbCandidate> candidates) {
    slow_.update(candidates_, candidates);
    candidates_ = std::move(candidates);
  }
  void look(std::vector<uint8_t> usable) { slow_.look(usable, now_); }

  HealthTable table_;
  SlowStart slow_{{.window = 10s}};
  std::vector<LbCandidate> candidates_;
  MonoTime now_{100s};
};

TEST_F(SlowStartTest, IsOffWithoutAWindow) {
  EXPECT_FALSE(SlowStart({}).is_on());
  EXPECT_TRUE(slow_.is_on());
}

TEST_F(SlowStartTest, LetsAllBeginWithEverythingWhereNobodyServedBefore) {
  update({candidate(1), candidate(2)});
  look({1, 1});

  EXPECT_EQ(slow_.part_of(0), 1);
  EXPECT_EQ(slow_.part_of(1), 1);
  EXPECT_FALSE(slow_.next_step());
}

TEST_F(SlowStartTest, GrowsTheShareOfANewEndpointEvenly) {
  update({candidate(1)});
  look({1});
  update({candidate(1), candidate(2)});
  look({1, 1});
  EXPECT_EQ(slow_.part_of(0), 1);
  EXPECT_DOUBLE_EQ(slow_.part_of(1), 0.1);
  EXPECT_EQ(slow_.next_step(), Duration(200ms));

  now_ = now_ + 5s;
  look({1, 1});
  EXPECT_DOUBLE_EQ(slow_.part_of(1), 0.5);

  now_ = now_ + 5s;
  look({1, 1});
  EXPECT_EQ(slow_.part_of(1), 1);
  EXPECT_FALSE(slow_.next_step());
}

TEST_F(SlowStartTest, GrowsFasterAtTheBeginningWithAggression) {
  slow_ = SlowStart({.window = 10s, .aggression = 2});
  update({candidate(1)});
  look({1});
  update({candidate(1), candidate(2)});
  look({1, 1});
  now_ = now_ + 2500ms;
  look({1, 1});

  EXPECT_DOUBLE_EQ(slow_.part_of(1), 0.5) << "the root of a quarter";
}

TEST_F(SlowStartTest, WarmsUpAgainWhoWasAway) {
  update({candidate(1), candidate(2)});
  look({1, 1});
  look({1, 0});
  now_ = now_ + 1min;
  look({1, 1});

  EXPECT_DOUBLE_EQ(slow_.part_of(1), 0.1);
}

TEST_F(SlowStartTest, TheOnlyOneThatComesBackServesAtOnce) {
  update({candidate(1), candidate(2)});
  look({1, 1});
  look({0, 0});
  look({0, 1});

  EXPECT_EQ(slow_.part_of(1), 1);
}

TEST_F(SlowStartTest, KeepsTheAgeOfWhoStays) {
  update({candidate(1)});
  look({1});
  update({candidate(1), candidate(2)});
  look({1, 1});
  now_ = now_ + 5s;
  update({candidate(2), candidate(3), candidate(1)});
  look({1, 1, 1});

  EXPECT_DOUBLE_EQ(slow_.part_of(0), 0.5);
  EXPECT_DOUBLE_EQ(slow_.part_of(1), 0.1);
  EXPECT_EQ(slow_.part_of(2), 1);
}

// Through the policies that know shares.
class WarmingUp : public testing::TestWithParam<std::string_view> {
 protected:
  void update(std::vector<LbCandidate> candidates) {
    candidates_ = std::move(candidates);
    balancer_->update(candidates_);
  }
  std::vector<size_t> count(size_t picks) {
    std::vector<size_t> out(candidates_.size());
    for (size_t i = 0; i < picks; ++i) ++out[balancer_->pick({.now = now_}).value()];
    return out;
  }
  LbCandidate candidate(uint16_t port) { return {table_.get({Address::loopback(port), ""}), 1}; }

  HealthTable table_;
  SeededRandom random_{5};
  LbShape shape_{.slow_start = {.window = 10s}};
  std::unique_ptr<LoadBalancer> balancer_ = (*make_lb_registry().find(GetParam()))({random_, *table_.epoch(), shape_});
  std::vector<LbCandidate> candidates_;
  MonoTime now_{100s};
};

TEST_P(WarmingUp, GivesANewEndpointATenthThenAHalfThenAll) {
  update({candidate(1), candidate(2)});
  (void)count(10);
  update({candidate(1), candidate(2), candidate(3)});

  auto at_first = count(2100);
  now_ = now_ + 5s;
  auto in_between = count(2500);
  now_ = now_ + 5s;
  auto at_last = count(3000);

  EXPECT_NEAR(static_cast<double>(at_first[2]), 100, 30);
  EXPECT_NEAR(static_cast<double>(in_between[2]), 500, 60);
  EXPECT_NEAR(static_cast<double>(at_last[2]), 1000, 90);
}

TEST_P(WarmingUp, GivesEqualSharesWhenAllAreNew) {
  update({candidate(1), candidate(2)});

  auto counts = count(2000);

  EXPECT_NEAR(static_cast<double>(counts[0]), 1000, 90);
}

INSTANTIATE_TEST_SUITE_P(PoliciesWithShares, WarmingUp,
                         testing::Values("peakEwma", "leastRequest", "roundRobin", "random"),
                         [](const auto& policy) { return std::string(policy.param); });
}  // namespace
}  // namespace heddle
