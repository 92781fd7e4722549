// A BackendSet and the endpoints that sessions stay on, whatever its balancer.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/upstream_rig.h"

namespace heddle {
namespace {
class SessionPickTest : public UpstreamRig {
 protected:
  void add(uint16_t port, uint32_t weight = 1, uint8_t priority = 0) {
    Endpoint endpoint;
    endpoint.key.address = Address::loopback(port);
    endpoint.weight = weight;
    endpoint.priority = priority;
    spec_.endpoints.push_back(std::move(endpoint));
  }
  BackendSet::Spec spec() {
    spec_.key = {Kind::kBackendSet, "default", "b"};
    spec_.tls = UpstreamTls::kPlaintext;
    return std::make_shared<const BackendSetSpec>(spec_);
  }
  static uint64_t session_of(uint16_t port) {
    return session_endpoint(session_scope({Kind::kBackendSet, "default", "b"}), Address::loopback(port));
  }
  static BackendSet::Pick pick(BackendSet& set, uint64_t session, std::span<const uint32_t> tried = {}) {
    BackendSet::PickOptions options;
    options.session = session;
    auto out = set.pick(tried, options);
    EXPECT_TRUE(out);
    return *std::move(out);
  }
  static uint16_t port_of(BackendSet& set, uint64_t session, std::span<const uint32_t> tried = {}) {
    return pick(set, session, tried).endpoint().address().port();
  }
  void fail(uint16_t port) { health_.get({Address::loopback(port), ""})->set(HealthFlag::kCheckFailed, {}); }
  BackendSetSpec spec_;
};

// Contract of a pick with a session: every policy, and every endpoint of it.
TEST_F(SessionPickTest, GoesToTheEndpointOfTheSessionWhateverThePolicy) {
  for (uint16_t port = 1; port <= 5; ++port) add(port);
  for (LbPolicy policy : {LbPolicy::kPeakEwma, LbPolicy::kLeastRequest, LbPolicy::kRoundRobin, LbPolicy::kRandom,
                          LbPolicy::kRingHash, LbPolicy::kMaglev}) {
    spec_.lb.policy = policy;
    BackendSet set(context_, spec());
    for (int round = 0; round < 10; ++round) {
      for (uint16_t port = 1; port <= 5; ++port) EXPECT_EQ(port_of(set, session_of(port)), port) << to_text(policy);
    }
  }
}

TEST_F(SessionPickTest, APickSaysWhichSessionStaysThere) {
  add(1);
  add(2);
  BackendSet set(context_, spec());
  BackendSet::Pick first = pick(set, 0);

  EXPECT_EQ(first.session(), session_of(first.endpoint().address().port()));
}

TEST_F(SessionPickTest, WithoutASessionTheBalancerPicks) {
  add(1);
  add(2);
  BackendSet set(context_, spec());
  std::set<uint16_t> seen;
  for (int i = 0; i < 20; ++i) seen.insert(port_of(set, 0));

  EXPECT_EQ(seen.size(), 2U);
}

TEST_F(SessionPickTest, GoesBeforePriorities) {
  add(1);
  add(2, 1, 1);
  BackendSet set(context_, spec());

  EXPECT_EQ(port_of(set, 0), 1);
  EXPECT_EQ(port_of(set, session_of(2)), 2);
}

TEST_F(SessionPickTest, ATryThatFailedGoesElsewhere) {
  add(1);
  add(2);
  BackendSet set(context_, spec());
  uint32_t tried = pick(set, session_of(1)).index();

  EXPECT_EQ(port_of(set, session_of(1), std::span(&tried, 1)), 2);
}

TEST_F(SessionPickTest, WhoIsNotUsableIsLeftToTheBalancer) {
  add(1);
  add(2, 0);
  add(3);
  BackendSet set(context_, spec());
  fail(1);

  EXPECT_FALSE(set.is_usable(session_of(1))) << "unhealthy";
  EXPECT_FALSE(set.is_usable(session_of(2))) << "without a weight";
  EXPECT_FALSE(set.is_usable(session_of(4))) << "not there";
  EXPECT_TRUE(set.is_usable(session_of(3)));
  for (uint16_t port : std::initializer_list<uint16_t>{1, 2, 4}) EXPECT_EQ(port_of(set, session_of(port)), 3);
}

TEST_F(SessionPickTest, ComesBackWithTheEndpoint) {
  add(1);
  add(2);
  BackendSet set(context_, spec());
  fail(1);
  EXPECT_FALSE(set.is_usable(session_of(1)));
  health_.get({Address::loopback(1), ""})->clear(HealthFlag::kCheckFailed, {});

  EXPECT_EQ(port_of(set, session_of(1)), 1);
}

TEST_F(SessionPickTest, FindsEndpointsThatMovedAndNoneThatLeft) {
  add(1);
  add(2);
  add(3);
  BackendSet set(context_, spec());
  EXPECT_TRUE(set.is_usable(session_of(1)));
  spec_.endpoints.erase(spec_.endpoints.begin());
  add(4);

  set.update(spec());

  EXPECT_FALSE(set.is_usable(session_of(1)));
  for (uint16_t port = 2; port <= 4; ++port) EXPECT_EQ(port_of(set, session_of(port)), port);
}

TEST_F(SessionPickTest, LeavesEjectedEndpoints) {
  for (uint16_t port = 1; port <= 3; ++port) add(port);
  HealthPolicySpec policy;
  policy.outlier.emplace().consecutive_errors = 1;
  policy.outlier->max_ejected_percent = 100;
  BackendSet set(context_, spec(), nullptr, std::make_shared<const HealthPolicySpec>(policy));
  BackendSet::Pick bad = pick(set, session_of(1));

  bad.finish({Reason::kUpstreamReset, 0, 0, 0});

  EXPECT_FALSE(set.is_usable(session_of(1)));
  EXPECT_NE(port_of(set, session_of(1)), 1);
}
}  // namespace
}  // namespace heddle
