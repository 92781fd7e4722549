#include "proxy/resilience/endpoint_health.h"

#include <gtest/gtest.h>

#include "proxy/resilience/health_table.h"

namespace heddle {
namespace {
class EndpointHealthTest : public testing::Test {
 protected:
  HealthTable table_;
  std::shared_ptr<EndpointHealth> health_ = table_.get({Address::loopback(80), ""});
};

TEST_F(EndpointHealthTest, IsUsableUntilAFlagIsSet) {
  EXPECT_TRUE(health_->usable());

  EXPECT_TRUE(health_->set(HealthFlag::kEjected, WallTime(5s)));

  EXPECT_FALSE(health_->usable());
  EXPECT_TRUE(health_->flags().has(HealthFlag::kEjected));
  EXPECT_EQ(health_->last_transition(), WallTime(5s));
}

TEST_F(EndpointHealthTest, StaysUnusableWhileAnotherFlagIsSet) {
  health_->set(HealthFlag::kEjected, WallTime(1s));
  health_->set(HealthFlag::kCheckFailed, WallTime(2s));

  health_->clear(HealthFlag::kEjected, WallTime(3s));

  EXPECT_FALSE(health_->usable());
  EXPECT_EQ(health_->transitions_down(), 1U);
}

TEST_F(EndpointHealthTest, MovesTheEpochOnlyWhenAFlagChanges) {
  uint64_t start = table_.epoch()->value();

  health_->set(HealthFlag::kDraining, WallTime(1s));
  EXPECT_EQ(table_.epoch()->value(), start + 1);
  EXPECT_FALSE(health_->set(HealthFlag::kDraining, WallTime(2s)));
  EXPECT_EQ(table_.epoch()->value(), start + 1);
  EXPECT_TRUE(health_->clear(HealthFlag::kDraining, WallTime(3s)));

  EXPECT_EQ(table_.epoch()->value(), start + 2);
}

TEST_F(EndpointHealthTest, CountsOutcomes) {
  health_->record({.status = 200, .bytes_sent = 10, .bytes_received = 20});
  health_->record({.status = 503});
  health_->record({.reason = Reason::kUpstreamReset});
  health_->record({.status = 404});

  EXPECT_EQ(health_->requests(), 4U);
  EXPECT_EQ(health_->errors(), 2U);
  EXPECT_EQ(health_->bytes_sent(), 10U);
  EXPECT_EQ(health_->bytes_received(), 20U);
}

TEST_F(EndpointHealthTest, TellsConnectionsThatDidNotComeAboutFromOtherErrors) {
  for (Reason reason : {Reason::kUpstreamConnectRefused, Reason::kUpstreamConnectTimeout,
                        Reason::kUpstreamConnectFailed, Reason::kUpstreamTlsFailed, Reason::kUpstreamIdentityUnexpected,
                        Reason::kUpstreamReset, Reason::kUpstreamHeadTimeout}) {
    health_->record({.reason = reason});
  }

  EXPECT_EQ(health_->errors(), 7U);
  EXPECT_EQ(health_->connect_errors(), 5U);
}

TEST_F(EndpointHealthTest, DoesNotBlameTheEndpointForClientsThatLeave) {
  health_->record({.reason = Reason::kDownstreamReset});
  health_->record({.reason = Reason::kDownstreamClosed});

  EXPECT_EQ(health_->errors(), 0U);
}

TEST_F(EndpointHealthTest, CountsRequestsInFlightByToken) {
  InFlight a(*health_);
  {
    InFlight b(*health_);
    InFlight moved = std::move(b);
    EXPECT_EQ(health_->in_flight(), 2U);
  }

  EXPECT_EQ(health_->in_flight(), 1U);
}

TEST_F(EndpointHealthTest, CountsConnectionsAndSessions) {
  { OpenConnection first(health_); }
  OpenConnection second(health_);
  OpenConnection moved = std::move(second);

  EXPECT_EQ(health_->connections(), 1U);
  EXPECT_EQ(health_->sessions(), 2U);
}

TEST_F(EndpointHealthTest, RemembersTheLastCheck) {
  health_->record_check({.status = 200, .took = 2ms, .at = WallTime(1s)});
  health_->record_check({.reason = Reason::kUpstreamConnectRefused, .took = 1ms, .at = WallTime(2s)});

  CheckReport last = health_->last_check();
  EXPECT_EQ(last.reason, Reason::kUpstreamConnectRefused);
  EXPECT_EQ(last.status, 0);
  EXPECT_EQ(last.took, Duration(1ms));
  EXPECT_EQ(last.at, WallTime(2s));
  EXPECT_EQ(health_->checks(), 2U);
  EXPECT_EQ(health_->failed_checks(), 1U);
}

TEST(HealthTable, GivesTheSameHealthForTheSameKey) {
  HealthTable table;
  auto a = table.get({Address::loopback(80), "spiffe://td/a"});

  EXPECT_EQ(table.get({Address::loopback(80), "spiffe://td/a"}), a);
  EXPECT_NE(table.get({Address::loopback(80), "spiffe://td/b"}), a);
  EXPECT_NE(table.get({Address::loopback(81), "spiffe://td/a"}), a);
}

TEST(HealthTable, SweepsOnlyWhatNobodyHolds) {
  HealthTable table;
  auto held = table.get({Address::loopback(80), ""});
  (void)table.get({Address::loopback(81), ""});

  EXPECT_EQ(table.sweep(), 1U);

  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.all().front().first.address, Address::loopback(80));
}
}  // namespace
}  // namespace heddle
