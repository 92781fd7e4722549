// BackendSet without a network: what is made when, and what a changed specification keeps.
#include "proxy/upstream/backend_set.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/raw_origin.h"
#include "tests/support/run_turns.h"
#include "tests/support/upstream_rig.h"

namespace heddle {
namespace {
Endpoint endpoint(uint16_t port, uint32_t weight = 1) {
  Endpoint out;
  out.key.address = Address::loopback(port);
  out.weight = weight;
  return out;
}

BackendSet::Spec spec_of(std::vector<Endpoint> endpoints, UpstreamProtocol protocol = UpstreamProtocol::kHttp1) {
  BackendSetSpec spec;
  spec.key = {Kind::kBackendSet, "default", "b"};
  spec.endpoints = std::move(endpoints);
  spec.tls = UpstreamTls::kPlaintext;
  spec.protocol = protocol;
  return std::make_shared<const BackendSetSpec>(std::move(spec));
}

class BackendSetTest : public UpstreamRig {
 protected:
  struct Seen {
    EndpointHealth* health = nullptr;
    ConnectionPool* pool = nullptr;
    bool operator==(const Seen&) const = default;
  };
  // By port: what each endpoint that gets requests is made of.
  std::map<uint16_t, Seen> pick_all(BackendSet& set) {
    std::map<uint16_t, Seen> out;
    for (size_t i = 0; i < 4 * set.size(); ++i) {
      auto pick = set.pick({});
      if (pick) out[pick->endpoint().address().port()] = {pick->health().get(), &pick->pool()};
    }
    return out;
  }
};

TEST_F(BackendSetTest, MakesNothingBeforeTheFirstPick) {
  BackendSet set(context_, spec_of({endpoint(1), endpoint(2)}));
  set.update(spec_of({endpoint(2), endpoint(3), endpoint(4)}));

  EXPECT_EQ(set.size(), 3U);
  EXPECT_EQ(health_.size(), 0U);
  EXPECT_TRUE(set.pick({}).has_value());
  EXPECT_EQ(health_.size(), 3U);
}

TEST_F(BackendSetTest, SeesAtItsFirstPickWhatOthersFoundBefore) {
  auto down = health_.get({Address::loopback(1), ""});
  down->set(HealthFlag::kCheckFailed, WallTime());
  BackendSet set(context_, spec_of({endpoint(1), endpoint(2)}));

  auto picked = pick_all(set);

  EXPECT_EQ(picked.size(), 1U);
  EXPECT_TRUE(picked.contains(2));
}

TEST_F(BackendSetTest, KeepsTheRuntimeOfEachEndpointThatStays) {
  BackendSet set(context_, spec_of({endpoint(1), endpoint(2), endpoint(3), endpoint(4), endpoint(5)}));
  auto before = pick_all(set);
  ASSERT_EQ(before.size(), 5U);

  // 2 goes, 3 and 4 change places, 6 and 7 come, 5 gets another weight.
  set.update(spec_of({endpoint(1), endpoint(4), endpoint(6), endpoint(3), endpoint(7), endpoint(5, 2)}));
  auto after = pick_all(set);

  ASSERT_EQ(after.size(), 6U);
  for (uint16_t port : std::initializer_list<uint16_t>{1, 3, 4, 5}) EXPECT_EQ(after[port], before[port]) << port;
  EXPECT_FALSE(after.contains(2));
}

TEST_F(BackendSetTest, TheHealthStaysWhenTheProtocolChanges) {
  BackendSet set(context_, spec_of({endpoint(1)}));
  auto before = pick_all(set);
  auto pinned = set.pick({});  // so that the old pool's place is not used again

  set.update(spec_of({endpoint(1)}, UpstreamProtocol::kHttp2));
  auto after = pick_all(set);

  EXPECT_EQ(after[1].health, before[1].health);
  EXPECT_NE(after[1].pool, before[1].pool);
}

// A request whose connect fails gives its pick back from inside the pool.
TEST_F(BackendSetTest, AnEndpointThatLeftOutlivesTheFailureOfItsLastRequest) {
  struct Waiter final : AcquireWaiter {
    void on_session(ClientSession&) override { ADD_FAILURE() << "nobody listens there"; }
    void on_acquire_failed(const Error&) override { pick.reset(); }
    std::optional<BackendSet::Pick> pick;
  };
  DeadPort dead;
  Endpoint nobody;
  nobody.key.address = dead.address();
  BackendSet set(context_, spec_of({nobody}));
  Waiter waiter;
  waiter.pick.emplace(*set.pick({}));
  ASSERT_TRUE(waiter.pick->pool().wait(waiter));

  set.update(spec_of({endpoint(1)}));
  ASSERT_TRUE(runs_until(loop_, [&] { return !waiter.pick; }));

  EXPECT_FALSE(waiter.is_waiting());
  run_turns(loop_);
}

TEST_F(BackendSetTest, AnEndpointWithAnotherIdentityIsAnotherOne) {
  BackendSet set(context_, spec_of({endpoint(1), endpoint(2)}));
  auto before = pick_all(set);
  Endpoint other = endpoint(1);
  other.key.identity = *SpiffeId::parse("spiffe://td/other");

  set.update(spec_of({other, endpoint(2)}));
  auto after = pick_all(set);

  EXPECT_NE(after[1].health, before[1].health);
  EXPECT_EQ(after[2], before[2]);
}

TEST_F(BackendSetTest, LeavesAnEndpointAloneThatFailedFiveTimesInARow) {
  HealthPolicySpec policy;
  policy.outlier.emplace();
  BackendSet set(context_, spec_of({endpoint(1), endpoint(2), endpoint(3)}), nullptr,
                 std::make_shared<const HealthPolicySpec>(policy));
  int failures = 0;
  for (int i = 0; i < 300; ++i) {
    auto pick = set.pick({});
    bool is_bad = pick->endpoint().address().port() == 2;
    failures += is_bad ? 1 : 0;
    pick->finish({Reason::kNone, static_cast<uint16_t>(is_bad ? 500 : 200), 0, 0});
  }

  EXPECT_EQ(failures, 5);
  EXPECT_FALSE(pick_all(set).contains(2));
  set.update(spec_of({endpoint(1), endpoint(2), endpoint(3)}));
  EXPECT_TRUE(pick_all(set).contains(2)) << "without the policy there is no ejection";
}

TEST_F(BackendSetTest, ARequestOutlivesThePolicyThatJudgedIt) {
  HealthPolicySpec policy;
  policy.outlier.emplace();
  BackendSet set(context_, spec_of({endpoint(1)}), nullptr, std::make_shared<const HealthPolicySpec>(policy));
  auto pick = set.pick({});
  set.update(spec_of({endpoint(1)}));

  pick->on_response(ResponseHead(loop_.blocks(), 500), true, 1ms, loop_.now());
  pick->on_connected();
  pick->finish({Reason::kUpstreamReset, 500, 0, 0});

  EXPECT_EQ(health_.get({Address::loopback(1), ""})->errors(), 1U);
}
}  // namespace
}  // namespace heddle
