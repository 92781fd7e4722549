// What a TrafficPolicy does to a backend set: limits, times, and their change while connections are there.
#include <gtest/gtest.h>

#include "tests/support/raw_origin.h"
#include "tests/support/upstream_rig.h"

namespace heddle {
namespace {
using Try = BackendSet::Try;
using Purpose = BackendSet::Purpose;

BackendSet::Traffic policy(TrafficLimits limits, TrafficTimeouts timeouts = {}) {
  TrafficPolicySpec spec;
  spec.limits = limits;
  spec.timeouts = timeouts;
  return std::make_shared<const TrafficPolicySpec>(std::move(spec));
}

class TrafficPolicyTest : public UpstreamRig {
 protected:
  ~TrafficPolicyTest() override {
    set_.reset();
    connections_.abort_all(make_error(Reason::kDraining, "the test is over"));
    loop_.run_until([this] { return connections_.size() == 0; });
  }
  BackendSet& start(const std::vector<Address>& endpoints, BackendSet::Traffic traffic) {
    spec_ = set_of(endpoints);
    set_ = std::make_unique<BackendSet>(context_, spec_, std::move(traffic));
    return *set_;
  }
  void change(BackendSet::Traffic traffic) { set_->update(spec_, std::move(traffic)); }
  void run_until_told(const Waiter& waiter) {
    loop_.run_until([&] { return waiter.is_told(); });
  }

  RawOrigin::Script until_closed_ = [](BlockingClient& peer, int, std::atomic<int>&) { peer.read_all(); };
  BackendSet::Spec spec_;
  std::unique_ptr<BackendSet> set_;
};

TEST_F(TrafficPolicyTest, LimitsRequestsAndSaysWhichLimitItWas) {
  BackendSet& set = start({Address::loopback(1)}, policy({.requests = 2}));
  auto first = set.pick({});
  auto second = set.pick({});
  LimitNote note;

  auto third = set.pick({}, {Try::kFirst, Purpose::kRequest, &note});

  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().reason, Reason::kRequestOverflow);
  EXPECT_EQ(note.limit, TrafficLimit::kRequests);
  EXPECT_EQ(note.value, 2U);
}

TEST_F(TrafficPolicyTest, LimitsTriesThatAreNotTheFirst) {
  BackendSet& set = start({Address::loopback(1)}, policy({.retries = 1}));
  auto first = set.pick({}, {Try::kRetry});
  LimitNote note;

  auto second = set.pick({}, {Try::kRetry, Purpose::kRequest, &note});

  EXPECT_TRUE(first);
  EXPECT_FALSE(second);
  EXPECT_EQ(note.limit, TrafficLimit::kRetries);
  EXPECT_EQ(note.value, 1U);
  EXPECT_TRUE(set.pick({})) << "first tries are not counted";
  first = make_error(Reason::kCancelled, "");
  EXPECT_TRUE(set.pick({}, {Try::kRetry}));
}

TEST_F(TrafficPolicyTest, CountsATunnelAsAConnection) {
  BackendSet& set = start({Address::loopback(1)}, policy({.connections = 1}));
  auto first = set.pick({}, {Try::kFirst, Purpose::kTunnel});
  LimitNote note;

  auto second = set.pick({}, {Try::kFirst, Purpose::kTunnel, &note});

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, Reason::kConnectionOverflow);
  EXPECT_EQ(note.limit, TrafficLimit::kConnections);
}

TEST_F(TrafficPolicyTest, ARefusedPickHoldsNothing) {
  BackendSet& set = start({Address::loopback(1)}, policy({.connections = 1, .requests = 2}));
  auto tunnel = set.pick({}, {Try::kFirst, Purpose::kTunnel});
  EXPECT_FALSE(set.pick({}, {Try::kFirst, Purpose::kTunnel}));

  EXPECT_TRUE(set.pick({}));
}

TEST_F(TrafficPolicyTest, LimitsWhoWaitsOverAllEndpoints) {
  BackendSet& set = start({Address::loopback(1), Address::loopback(2)}, policy({.pending_requests = 1}));
  auto one = set.pick({});
  auto other = set.pick({});
  ASSERT_NE(&one->pool(), &other->pool());
  Waiter first;
  Waiter second;

  ASSERT_TRUE(one->pool().wait(first));
  auto refused = other->pool().wait(second);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kPendingOverflow);
  EXPECT_EQ(other->limit(CircuitResource::kPending).value, 1U);
  first.stop_waiting();
  EXPECT_TRUE(other->pool().wait(second));
}

TEST_F(TrafficPolicyTest, OneConnectionPerEndpointIsAlwaysAllowed) {
  RawOrigin one(until_closed_);
  RawOrigin other(until_closed_);
  BackendSet& set = start({one.address(), other.address()}, policy({.connections = 1}));
  auto first = set.pick({});
  auto second = set.pick({});
  Waiter at_one;
  Waiter at_other;

  ASSERT_TRUE(first->pool().wait(at_one));
  ASSERT_TRUE(second->pool().wait(at_other));
  run_until_told(at_one);
  run_until_told(at_other);

  EXPECT_NE(at_one.served, nullptr);
  EXPECT_NE(at_other.served, nullptr);
  Waiter too_many;
  ASSERT_TRUE(first->pool().wait(too_many, ConnectionPool::Freshness::kFresh));
  EXPECT_TRUE(first->pool().lacks_connections());
}

TEST_F(TrafficPolicyTest, ARaisedLimitServesWhoWaits) {
  RawOrigin origin(until_closed_);
  BackendSet& set = start({origin.address()}, policy({.connections = 1}));
  auto pick = set.pick({});
  Waiter first;
  ASSERT_TRUE(pick->pool().wait(first));
  run_until_told(first);
  Waiter second;
  ASSERT_TRUE(pick->pool().wait(second, ConnectionPool::Freshness::kFresh));
  ASSERT_TRUE(pick->pool().lacks_connections());

  change(policy({.connections = 2}));
  run_until_told(second);

  EXPECT_NE(second.served, nullptr);
  EXPECT_EQ(pick->pool().connections(), 2U);
}

TEST_F(TrafficPolicyTest, AConnectionThatEndsMakesRoomForAnotherEndpoint) {
  RawOrigin one(until_closed_);
  RawOrigin other(until_closed_);
  BackendSet& set = start({one.address(), other.address()}, policy({.connections = 2}));
  auto first = set.pick({});
  auto second = set.pick({});
  Waiter at_one;
  Waiter at_other;
  ASSERT_TRUE(first->pool().wait(at_one));
  ASSERT_TRUE(second->pool().wait(at_other));
  run_until_told(at_one);
  run_until_told(at_other);
  Waiter starving;
  ASSERT_TRUE(first->pool().wait(starving, ConnectionPool::Freshness::kFresh));
  ASSERT_TRUE(first->pool().lacks_connections());

  at_other.served->abort(make_error(Reason::kCancelled, ""));
  run_until_told(starving);

  EXPECT_NE(starving.served, nullptr);
  EXPECT_EQ(first->pool().connections(), 2U);
}

TEST_F(TrafficPolicyTest, ALowerLimitCutsNoConnection) {
  RawOrigin origin(until_closed_);
  BackendSet& set = start({origin.address()}, nullptr);
  auto pick = set.pick({});
  Waiter first;
  Waiter second;
  ASSERT_TRUE(pick->pool().wait(first, ConnectionPool::Freshness::kFresh));
  ASSERT_TRUE(pick->pool().wait(second, ConnectionPool::Freshness::kFresh));
  run_until_told(first);
  run_until_told(second);

  change(policy({.connections = 1, .requests = 1}));

  EXPECT_EQ(pick->pool().connections(), 2U);
  EXPECT_FALSE(set.pick({})) << "one request is in flight already";
  pick = make_error(Reason::kCancelled, "");
  EXPECT_TRUE(set.pick({}));
}

TEST_F(TrafficPolicyTest, TimesReachThePoolsThatAreThere) {
  BackendSet& set = start({Address::loopback(1)}, nullptr);
  auto pick = set.pick({});
  EXPECT_EQ(pick->pool().limits().pending_age, Duration(3s));

  change(policy({}, {.connect = 70ms, .pending = 80ms}));
  EXPECT_EQ(pick->pool().limits().connect, Duration(70ms));
  EXPECT_EQ(pick->pool().limits().pending_age, Duration(80ms));

  change(nullptr);
  EXPECT_EQ(pick->pool().limits().connect, Duration(1s));
  EXPECT_EQ(pick->pool().limits().pending_age, Duration(3s));
}

// Until then it would stay for an hour.
TEST_F(TrafficPolicyTest, AnIdleConnectionGoesByTheNewTime) {
  context_.http1_session.idle = 1h;
  RawOrigin origin(until_closed_);
  BackendSet& set = start({origin.address()}, nullptr);
  auto pick = set.pick({});
  Waiter waiter;
  ASSERT_TRUE(pick->pool().wait(waiter));
  run_until_told(waiter);
  ASSERT_EQ(pick->pool().connections(), 1U);

  change(policy({}, {.connection_idle = 100ms}));
  loop_.run_until([&] { return pick->pool().connections() == 0; });

  EXPECT_EQ(connections_.size(), 0U);
}
}  // namespace
}  // namespace heddle
