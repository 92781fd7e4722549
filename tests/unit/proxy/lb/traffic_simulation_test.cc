// Balancers under traffic in simulated time: requests come evenly, endpoints take as long as the test says, answers and
// new requests happen in the order of their times. Chance is seeded: every run is the same.
#include <gtest/gtest.h>

#include <map>

#include "proxy/lb/registry.h"
#include "proxy/resilience/health_table.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
class TrafficSimulation : public testing::Test {
 protected:
  void start(std::string_view policy, const std::vector<Duration>& latencies) {
    latencies_ = latencies;
    for (size_t i = 0; i < latencies.size(); ++i) {
      health_.push_back(table_.get({Address::loopback(static_cast<uint16_t>(1 + i)), ""}));
      candidates_.push_back({health_.back(), 1});
    }
    balancer_ = (*make_lb_registry().find(policy))({random_, *table_.epoch()});
    balancer_->update(candidates_);
  }
  // One request every `every`; how many went where.
  std::vector<size_t> run(Duration time, Duration every) {
    std::vector<size_t> counts(latencies_.size());
    for (MonoTime end = now_ + time; now_ < end; now_ = now_ + every) {
      answer_until(now_);
      uint32_t index = balancer_->pick({.now = now_}).value();
      ++counts[index];
      on_their_way_.emplace(now_ + latencies_[index], Way{index, now_, InFlight(*health_[index])});
    }
    return counts;
  }
  static size_t sum(const std::vector<size_t>& counts) {
    size_t out = 0;
    for (size_t count : counts) out += count;
    return out;
  }

  std::vector<Duration> latencies_;

 private:
  struct Way {
    uint32_t index;
    MonoTime sent;
    InFlight in_flight;
  };
  void answer_until(MonoTime now) {
    while (!on_their_way_.empty() && on_their_way_.begin()->first <= now) {
      auto first = on_their_way_.begin();
      balancer_->on_response(first->second.index, first->first - first->second.sent, first->first);
      on_their_way_.erase(first);
    }
  }

  HealthTable table_;
  SeededRandom random_{11};
  std::vector<std::shared_ptr<EndpointHealth>> health_;
  std::vector<LbCandidate> candidates_;
  std::unique_ptr<LoadBalancer> balancer_;
  MonoTime now_{100s};
  std::multimap<MonoTime, Way> on_their_way_;  // by when the answer comes
};

TEST_F(TrafficSimulation, PeakEwmaShedsAnEndpointThatBecomesTenTimesSlower) {
  start("peakEwma", std::vector<Duration>(5, 30ms));
  auto before = run(5s, 2ms);
  latencies_[2] = 300ms;
  (void)run(2s, 2ms);

  auto after = run(3s, 2ms);

  EXPECT_NEAR(static_cast<double>(before[2]), 500, 10) << "an equal before";
  EXPECT_LT(after[2], sum(after) / 5 * 5 / 100) << "under 5 % of its share";
}

TEST_F(TrafficSimulation, PeakEwmaShedsOneOfTwo) {
  start("peakEwma", std::vector<Duration>(2, 30ms));
  (void)run(5s, 10ms);
  latencies_[0] = 300ms;
  (void)run(2s, 10ms);

  auto after = run(3s, 10ms);

  EXPECT_LT(after[0], sum(after) / 2 * 5 / 100);
}

TEST_F(TrafficSimulation, PeakEwmaTakesAnEndpointBackThatIsFastAgain) {
  start("peakEwma", std::vector<Duration>(5, 30ms));
  latencies_[2] = 300ms;
  (void)run(5s, 2ms);
  latencies_[2] = 30ms;
  (void)run(30s, 2ms);

  auto after = run(5s, 2ms);

  EXPECT_GT(after[2], sum(after) / 5 * 80 / 100);
}

// Round robin is told nothing and goes on: what the others are compared to.
TEST_F(TrafficSimulation, RoundRobinGivesASlowEndpointItsFullShare) {
  start("roundRobin", std::vector<Duration>(5, 30ms));
  latencies_[2] = 300ms;

  auto counts = run(5s, 2ms);

  for (size_t count : counts) EXPECT_NEAR(static_cast<double>(count), 500, 1);
}

TEST_F(TrafficSimulation, LeastRequestGivesASlowEndpointLessOnceItQueues) {
  start("leastRequest", std::vector<Duration>(5, 30ms));
  latencies_[2] = 300ms;
  (void)run(2s, 2ms);

  auto after = run(5s, 2ms);

  EXPECT_LT(after[2], sum(after) / 5 * 40 / 100);
  EXPECT_GT(after[2], 0U);
}

class EvenTraffic : public TrafficSimulation, public testing::WithParamInterface<std::string_view> {};

TEST_P(EvenTraffic, GoesToEqualEndpointsInEqualShares) {
  start(GetParam(), std::vector<Duration>(5, 30ms));

  auto counts = run(10s, 2ms);

  for (size_t count : counts) EXPECT_NEAR(static_cast<double>(count), 1000, 20);
}

INSTANTIATE_TEST_SUITE_P(PoliciesWithTurns, EvenTraffic, testing::Values("peakEwma", "leastRequest", "roundRobin"),
                         [](const auto& policy) { return std::string(policy.param); });
}  // namespace
}  // namespace heddle
