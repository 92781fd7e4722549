// What single policies do beyond the contract.
#include <gtest/gtest.h>

#include "proxy/lb/least_request.h"
#include "proxy/lb/peak_ewma.h"
#include "proxy/lb/registry.h"
#include "proxy/resilience/health_table.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
template <class Policy>
class LbFixture : public testing::Test {
 protected:
  void add(uint32_t weight) {
    auto port = static_cast<uint16_t>(8000 + health_.size());
    health_.push_back(table_.get({Address::loopback(port), ""}));
    candidates_.push_back({health_.back(), weight});
    policy_.update(candidates_);
  }
  std::vector<size_t> count_picks(size_t picks, MonoTime now = MonoTime(100s)) {
    std::vector<size_t> counts(candidates_.size());
    for (size_t i = 0; i < picks; ++i) ++counts[policy_.pick({.now = now}).value()];
    return counts;
  }
  HealthTable table_;
  SeededRandom random_;
  std::vector<std::shared_ptr<EndpointHealth>> health_;
  std::vector<LbCandidate> candidates_;
  Policy policy_{LbInputs{random_, *table_.epoch()}};
};

using LeastRequestTest = LbFixture<LeastRequest>;
using PeakEwmaTest = LbFixture<PeakEwmaBalancer>;

TEST_F(LeastRequestTest, AvoidsTheLoadedEndpoint) {
  add(1);
  add(1);
  InFlight busy(*health_[0]);

  auto counts = count_picks(1000);

  EXPECT_GT(counts[1], 900U);
}

TEST_F(LeastRequestTest, MeasuresLoadPerWeight) {
  add(1);
  add(4);
  InFlight a(*health_[0]);
  InFlight b(*health_[1]);
  InFlight c(*health_[1]);

  auto counts = count_picks(1000);

  EXPECT_GT(counts[1], 950U) << "two of four is less than one of one";
}

TEST_F(PeakEwmaTest, AvoidsTheSlowEndpointButDoesNotForgetIt) {
  add(1);
  add(1);
  add(1);
  policy_.on_response(0, 2ms, MonoTime(100s));
  policy_.on_response(1, 2ms, MonoTime(100s));
  policy_.on_response(2, 80ms, MonoTime(100s));

  auto counts = count_picks(3000);

  EXPECT_LT(counts[2], 600U);
  EXPECT_GT(counts[2], 300U);
}

TEST_F(PeakEwmaTest, LeavesAVerySlowEndpointAloneUntilItsLatencyDecays) {
  add(1);
  add(1);
  policy_.on_response(0, 2ms, MonoTime(100s));
  policy_.on_response(1, 5s, MonoTime(100s));

  auto at_once = count_picks(1000);
  auto much_later = count_picks(1000, MonoTime(200s));

  EXPECT_LT(at_once[1], 100U);
  EXPECT_GT(much_later[1], 400U);
}

TEST_F(PeakEwmaTest, AnEndpointThatWasOvertakenIsAtLeastThatSlow) {
  add(1);
  add(1);
  policy_.on_response(0, 2ms, MonoTime(100s));
  policy_.on_overtaken(1, 5s, MonoTime(100s));

  auto counts = count_picks(1000);

  EXPECT_LT(counts[1], 100U);
}

TEST_F(PeakEwmaTest, ThatASlowEndpointWasOvertakenEarlyMakesItNoFaster) {
  add(1);
  add(1);
  policy_.on_response(0, 2ms, MonoTime(100s));
  policy_.on_response(1, 5s, MonoTime(100s));
  for (int i = 0; i < 50; ++i) policy_.on_overtaken(1, 1ms, MonoTime(100s));

  auto counts = count_picks(1000);

  EXPECT_LT(counts[1], 100U);
}

TEST_F(PeakEwmaTest, TakesAnUnknownEndpointForAnEqual) {
  add(1);
  add(1);
  policy_.on_response(0, 2ms, MonoTime(100s));

  auto counts = count_picks(1000);

  EXPECT_EQ(counts[1], 500U);
}

TEST_F(PeakEwmaTest, WeighsLatencyAgainstLoad) {
  add(1);
  add(1);
  policy_.on_response(0, 2ms, MonoTime(100s));
  policy_.on_response(1, 6ms, MonoTime(100s));
  std::vector<InFlight> busy;
  for (int i = 0; i < 20; ++i) busy.emplace_back(*health_[0]);

  auto counts = count_picks(1000);

  EXPECT_GT(counts[1], 900U);
}

TEST_F(PeakEwmaTest, RemembersLatenciesAcrossAnUpdate) {
  add(1);
  add(1);
  policy_.on_response(0, 5s, MonoTime(100s));
  policy_.on_response(1, 2ms, MonoTime(100s));
  std::swap(candidates_[0], candidates_[1]);
  policy_.update(candidates_);

  auto counts = count_picks(1000);

  EXPECT_GT(counts[0], 900U);
}

TEST(LbRegistry, NamesWhatThereIsWhenAPolicyIsUnknown) {
  auto found = make_lb_registry().find("fastest");

  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().detail,
            "no load balancing policy is called \"fastest\"; there are leastRequest, maglev, peakEwma, random, "
            "ringHash, roundRobin");
}

TEST(Rotation, IsExactOverManyTurns) {
  HealthTable table;
  SeededRandom random;
  CandidateList list(LbInputs{random, *table.epoch()});
  list.update({{table.get({Address::loopback(1), ""}), 1}, {table.get({Address::loopback(2), ""}), 3}});
  (void)list.refresh(MonoTime(1s));
  Rotation rotation;
  rotation.restart(list, random);
  rotation.rebuild(list);
  std::vector<size_t> counts(2);

  for (int i = 0; i < 40'000; ++i) ++counts[rotation.next(list)];

  EXPECT_NEAR(static_cast<double>(counts[1]), 30'000, 3);
}
}  // namespace
}  // namespace heddle
