// What is counted of a backend set, with real connections but without requests.
#include "proxy/upstream/upstream_metrics.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/raw_origin.h"
#include "tests/support/upstream_rig.h"

namespace heddle {
namespace {
class UpstreamMetricsTest : public UpstreamRig {
 protected:
  ~UpstreamMetricsTest() override {
    set_.reset();
    connections_.abort_all(make_error(Reason::kDraining, "the test is over"));
    loop_.run_until([this] { return connections_.size() == 0; });
  }
  BackendSet& start(const std::vector<Address>& endpoints, TrafficLimits limits = {}) {
    TrafficPolicySpec traffic;
    traffic.limits = limits;
    set_ =
        std::make_unique<BackendSet>(context_, set_of(endpoints), std::make_shared<const TrafficPolicySpec>(traffic));
    return *set_;
  }
  BackendSet::Pick pick() {
    auto picked = set_->pick({});
    EXPECT_TRUE(picked.has_value());
    return *std::move(picked);
  }
  void run_until_told(const Waiter& waiter) {
    loop_.run_until([&] { return waiter.is_told(); });
  }
  void wait_for_session(BackendSet::Pick picked, Waiter& waiter) {
    ASSERT_TRUE(picked.pool().wait(waiter));
    run_until_told(waiter);
  }
  // -1: there is no such series.
  int64_t metric(std::string_view name, std::string_view more = "") {
    const std::string text = metrics_.render();
    const std::string line = str_cat("\n", name, "{backend_set=\"default/b\"", more, "} ");
    size_t at = text.find(line);
    return at == std::string::npos ? -1 : std::atoll(text.c_str() + at + line.size());
  }
  RawOrigin::Script until_closed_ = [](BlockingClient& peer, int, std::atomic<int>&) { peer.read_all(); };

  std::unique_ptr<BackendSet> set_;
};

TEST_F(UpstreamMetricsTest, MakeNothingForASetThatNobodyUses) {
  start({Address::loopback(1)});

  int64_t before = metric("heddle_upstream_connections");
  static_cast<void>(pick());

  EXPECT_EQ(before, -1);
  EXPECT_EQ(metric("heddle_upstream_connections"), 0);
}

TEST_F(UpstreamMetricsTest, CountARefusedConnectByItsReason) {
  DeadPort dead;
  start({dead.address()});
  Waiter waiter;

  wait_for_session(pick(), waiter);

  EXPECT_EQ(metric("heddle_upstream_connects_total", R"(,result="upstream-connect-refused")"), 1);
  EXPECT_EQ(metric("heddle_upstream_connects_total", R"(,result="ok")"), 0);
  EXPECT_EQ(metric("heddle_upstream_connect_seconds_count"), 0);
  EXPECT_EQ(metric("heddle_upstream_connections"), 0);
}

TEST_F(UpstreamMetricsTest, CountAConnectionUntilItEnds) {
  RawOrigin origin(until_closed_);
  start({origin.address()});
  Waiter waiter;

  wait_for_session(pick(), waiter);
  int64_t open = metric("heddle_upstream_connections");
  waiter.served->abort(make_error(Reason::kCancelled, ""));
  loop_.run_until([this] { return connections_.size() == 0; });

  EXPECT_EQ(open, 1);
  EXPECT_EQ(metric("heddle_upstream_connections"), 0);
  EXPECT_EQ(metric("heddle_upstream_connects_total", R"(,result="ok")"), 1);
  EXPECT_EQ(metric("heddle_upstream_connect_seconds_count"), 1);
}

TEST_F(UpstreamMetricsTest, CountWhoWaitsUntilServed) {
  RawOrigin origin(until_closed_);
  start({origin.address()});
  BackendSet::Pick picked = pick();
  Waiter waiter;

  ASSERT_TRUE(picked.pool().wait(waiter));
  int64_t waiting = metric("heddle_upstream_pending_requests");
  run_until_told(waiter);

  EXPECT_EQ(waiting, 1);
  EXPECT_EQ(metric("heddle_upstream_pending_requests"), 0);
}

TEST_F(UpstreamMetricsTest, CountNobodyWhoHasLeftTheQueue) {
  RawOrigin origin(until_closed_);
  start({origin.address()});
  BackendSet::Pick picked = pick();
  auto waiter = std::make_unique<Waiter>();

  ASSERT_TRUE(picked.pool().wait(*waiter));
  waiter.reset();

  EXPECT_EQ(metric("heddle_upstream_pending_requests"), 0);
}

TEST_F(UpstreamMetricsTest, CountRequestsOnAConnectionThatWasThere) {
  RawOrigin origin(until_closed_);
  start({origin.address()});
  BackendSet::Pick picked = pick();
  Waiter waiter;
  ASSERT_TRUE(picked.pool().wait(waiter));
  run_until_told(waiter);
  int64_t before = metric("heddle_upstream_reused_total");

  ASSERT_NE(picked.pool().try_acquire(), nullptr);

  EXPECT_EQ(before, 0);
  EXPECT_EQ(metric("heddle_upstream_reused_total"), 1);
}

TEST_F(UpstreamMetricsTest, CountAFullQueue) {
  start({Address::loopback(1)}, {.pending_requests = 1});
  BackendSet::Pick picked = pick();
  Waiter first;
  Waiter second;

  ASSERT_TRUE(picked.pool().wait(first));
  ASSERT_FALSE(picked.pool().wait(second));

  EXPECT_EQ(metric("heddle_circuit_refused_total", R"(,resource="pending")"), 1);
}

TEST_F(UpstreamMetricsTest, CountAConnectionThatTheLimitDidNotAllow) {
  start({Address::loopback(1)}, {.connections = 1});
  BackendSet::Pick picked = pick();
  Waiter first;
  Waiter second;

  ASSERT_TRUE(picked.pool().wait(first));
  int64_t before = metric("heddle_circuit_refused_total", R"(,resource="connections")");
  ASSERT_TRUE(picked.pool().wait(second));

  EXPECT_EQ(before, -1);
  EXPECT_EQ(metric("heddle_circuit_refused_total", R"(,resource="connections")"), 1);
}

TEST_F(UpstreamMetricsTest, CountTooManyRequests) {
  context_.workers = 1024;  // one request for each
  start({Address::loopback(1)});
  BackendSet::Pick picked = pick();

  ASSERT_FALSE(set_->pick({}));
  ASSERT_FALSE(set_->pick({}));

  EXPECT_EQ(metric("heddle_circuit_refused_total", R"(,resource="requests")"), 2);
}

TEST_F(UpstreamMetricsTest, CountRetriesByTheReasonOfTheFailedTry) {
  start({Address::loopback(1)});

  pick().on_retry(Reason::kUpstreamGoAway);

  EXPECT_EQ(metric("heddle_retries_total", R"(,reason="upstream-go-away")"), 1);
}

TEST_F(UpstreamMetricsTest, GoOnWhenTheSetChanges) {
  DeadPort dead;
  RawOrigin origin(until_closed_);
  start({origin.address()});
  Waiter waiter;
  wait_for_session(pick(), waiter);

  set_->update(set_of({dead.address()}));
  Waiter other;
  wait_for_session(pick(), other);

  EXPECT_EQ(metric("heddle_upstream_connections"), 0);
  EXPECT_EQ(metric("heddle_upstream_connects_total", R"(,result="ok")"), 1);
  EXPECT_EQ(metric("heddle_upstream_connects_total", R"(,result="upstream-connect-refused")"), 1);
}

TEST_F(UpstreamMetricsTest, ASetThatIsGoneLeavesItsCountersOnly) {
  DeadPort dead;
  start({dead.address()});
  Waiter waiter;
  wait_for_session(pick(), waiter);

  set_.reset();

  EXPECT_EQ(metric("heddle_upstream_connects_total", R"(,result="upstream-connect-refused")"), 1);
  EXPECT_EQ(metric("heddle_upstream_connections"), -1);
}
}  // namespace
}  // namespace heddle
