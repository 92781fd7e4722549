// Passive judgement of one worker on manual time.
#include "proxy/upstream/set_outliers.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "proxy/upstream/endpoint_tls.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
const ResourceKey kSet{Kind::kBackendSet, "default", "s"};
constexpr Outcome kFailed{Reason::kNone, 500, 0, 0};
constexpr Outcome kFine{Reason::kNone, 200, 0, 0};

class SetOutliersTest : public testing::Test {
 protected:
  SetOutliersTest() {
    for (uint16_t port : std::initializer_list<uint16_t>{1, 2, 3}) {
      Endpoint endpoint;
      endpoint.key.address = Address::loopback(port);
      endpoints.push_back(endpoint);
      health.push_back(table.get(health_key(endpoint.key)));
    }
    spec.jitter = 0;
    use();
  }
  void use() {
    HealthPolicySpec policy;
    policy.outlier = spec;
    set.update(std::make_shared<const HealthPolicySpec>(policy), endpoints, health);
  }
  void report(uint32_t index, const Outcome& outcome, int times = 1) {
    OutlierProbe none;
    for (int i = 0; i < times; ++i) set.on_outcome(*set.cell(index), none, outcome);
  }
  void eject(uint32_t index) { report(index, kFailed, 5); }
  std::optional<SetOutliers::Due> claim(std::span<const uint32_t> tried = {}) {
    return set.claim(scheduler.now(), tried);
  }
  bool is_in(uint32_t index) { return set.cell(index)->is_in(); }

  ManualScheduler scheduler;
  SeededRandom random;
  HealthTable table;
  OutlierSpec spec;
  std::vector<Endpoint> endpoints;
  std::vector<std::shared_ptr<EndpointHealth>> health;
  SetOutliers set{table, kSet, scheduler, random};
};

TEST_F(SetOutliersTest, EjectsAtTheFifthErrorInARow) {
  report(1, kFailed, 4);
  EXPECT_TRUE(is_in(1));
  report(1, kFailed);

  EXPECT_FALSE(is_in(1));
  EXPECT_EQ(set.cell(1)->until() - scheduler.now(), Duration(30s));
}

TEST_F(SetOutliersTest, CountsWhatOtherWorkersSaw) {
  SetOutliers other(table, kSet, scheduler, random);
  HealthPolicySpec policy;
  policy.outlier = spec;
  other.update(std::make_shared<const HealthPolicySpec>(policy), endpoints, health);
  report(0, kFailed, 4);
  OutlierProbe none;

  other.on_outcome(*other.cell(0), none, kFailed);

  EXPECT_FALSE(is_in(0));
}

TEST_F(SetOutliersTest, LocalErrorsNeverCount) {
  report(0, {Reason::kCancelled, 0, 0, 0}, 100);
  report(0, {Reason::kPendingOverflow, 0, 0, 0}, 100);
  report(0, {Reason::kDownstreamReset, 500, 0, 0}, 100);

  EXPECT_TRUE(is_in(0));
}

TEST_F(SetOutliersTest, AnEndpointWhoseTimeIsOverGetsOneRequest) {
  eject(2);
  scheduler.advance(29s);
  EXPECT_FALSE(claim());
  scheduler.advance(1s);

  auto due = claim();

  ASSERT_TRUE(due);
  EXPECT_EQ(due->index, 2U);
  EXPECT_FALSE(claim()) << "nobody else before that one has ended";
  set.on_outcome(*set.cell(2), due->probe, kFine);
  EXPECT_TRUE(is_in(2));
}

TEST_F(SetOutliersTest, ALongAnswerProvesItWithItsHead) {
  eject(2);
  scheduler.advance(30s);
  auto due = claim();

  set.on_response(*set.cell(2), due->probe, 200, 5ms);

  EXPECT_TRUE(is_in(2));
  EXPECT_FALSE(due->probe) << "the rest of the answer counts like any other";
}

TEST_F(SetOutliersTest, AnErrorPutsItOutAgainForLonger) {
  eject(2);
  scheduler.advance(30s);
  auto due = claim();
  set.on_response(*set.cell(2), due->probe, 503, 5ms);
  EXPECT_TRUE(due->probe) << "decided when it ends";
  set.on_outcome(*set.cell(2), due->probe, {Reason::kNone, 503, 0, 0});

  EXPECT_FALSE(is_in(2));
  EXPECT_EQ(set.cell(2)->until() - scheduler.now(), Duration(60s));
}

TEST_F(SetOutliersTest, AProofThatTheClientGaveUpIsTriedAnew) {
  eject(2);
  scheduler.advance(30s);
  auto due = claim();
  set.on_outcome(*set.cell(2), due->probe, {Reason::kCancelled, 0, 0, 0});
  scheduler.advance(200ms);

  EXPECT_TRUE(claim());
}

TEST_F(SetOutliersTest, DoesNotProveByARequestThatTriedItAlready) {
  eject(2);
  scheduler.advance(30s);
  const uint32_t tried[] = {2};

  EXPECT_FALSE(claim(tried));
  scheduler.advance(200ms);
  EXPECT_TRUE(claim());
}

TEST_F(SetOutliersTest, KeepsAnEjectionAcrossAChangeOfTheSet) {
  eject(0);
  std::swap(endpoints[0], endpoints[2]);
  std::swap(health[0], health[2]);
  use();

  EXPECT_TRUE(is_in(0));
  EXPECT_FALSE(is_in(2));
}

TEST_F(SetOutliersTest, KeepsEveryEndpointWhereverOthersComeAndGo) {
  eject(1);
  SetOutliers::Cell cell = set.cell(1);
  Endpoint fresh;
  fresh.key.address = Address::loopback(9);
  for (size_t at : {0U, 2U, 4U}) {
    endpoints.insert(endpoints.begin() + static_cast<std::ptrdiff_t>(at), fresh);
    health.insert(health.begin() + static_cast<std::ptrdiff_t>(at), table.get(health_key(fresh.key)));
    fresh.key.address = Address::loopback(static_cast<uint16_t>(10 + at));
    use();
    auto place = std::find_if(endpoints.begin(), endpoints.end(), [&](const auto& e) { return e.key == cell->key(); });
    EXPECT_EQ(set.cell(static_cast<uint32_t>(place - endpoints.begin())), cell);
  }
  endpoints.erase(endpoints.begin(), endpoints.begin() + 3);
  health.erase(health.begin(), health.begin() + 3);
  use();

  EXPECT_EQ(set.cell(0), cell);
  EXPECT_FALSE(is_in(0));
}

TEST_F(SetOutliersTest, AnEndpointThatLosesItsWeightIsNobodyToLeanOn) {
  endpoints[0].weight = endpoints[1].weight = 0;
  use();
  eject(2);

  EXPECT_TRUE(is_in(2)) << "it is the only one that gets anything";
}

TEST_F(SetOutliersTest, ForgetsAnEndpointThatLeft) {
  eject(0);
  Endpoint left = endpoints[0];
  endpoints.erase(endpoints.begin());
  health.erase(health.begin());
  use();
  endpoints.insert(endpoints.begin(), left);
  health.insert(health.begin(), table.get(health_key(left.key)));
  use();

  EXPECT_TRUE(is_in(0));
}
}  // namespace
}  // namespace heddle
