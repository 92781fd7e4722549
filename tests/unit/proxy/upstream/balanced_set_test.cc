// What a BackendSet tells its balancer: keys, answers that refuse for load, zones, priorities, thresholds.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "proxy/lb/stable_hash.h"
#include "tests/support/upstream_rig.h"

namespace heddle {
namespace {
class BalancedSetTest : public UpstreamRig {
 protected:
  void add(uint16_t port, uint8_t priority = 0, std::string zone = "") {
    Endpoint endpoint;
    endpoint.key.address = Address::loopback(port);
    endpoint.priority = priority;
    endpoint.traits = Rare<EndpointTraits>(EndpointTraits{std::move(zone), {}});
    spec_.endpoints.push_back(std::move(endpoint));
  }
  BackendSet make(LbSpec lb) {
    spec_.key = {Kind::kBackendSet, "default", "b"};
    spec_.tls = UpstreamTls::kPlaintext;
    spec_.lb = std::move(lb);
    return BackendSet(context_, std::make_shared<const BackendSetSpec>(spec_));
  }
  static uint16_t port_of(BackendSet& set, std::optional<uint64_t> hash = std::nullopt) {
    BackendSet::PickOptions options;
    options.hash = hash;
    return set.pick({}, options)->endpoint().address().port();
  }
  static std::set<uint16_t> ports_of(BackendSet& set, size_t picks = 40) {
    std::set<uint16_t> out;
    for (size_t i = 0; i < picks; ++i) out.insert(port_of(set));
    return out;
  }
  void fail(uint16_t port) { health_.get({Address::loopback(port), ""})->set(HealthFlag::kCheckFailed, {}); }
  BackendSetSpec spec_;
};

TEST_F(BalancedSetTest, KeepsAKeyOnOneEndpointWhateverItsPlace) {
  for (uint16_t port = 1; port <= 5; ++port) add(port);
  LbSpec lb{LbPolicy::kMaglev, {HashSource::kPath, ""}, {}};
  BackendSet one = make(lb);
  std::reverse(spec_.endpoints.begin(), spec_.endpoints.end());
  BackendSet other = make(lb);
  std::set<uint16_t> seen;

  for (uint64_t key = 0; key < 100; ++key) {
    uint16_t port = port_of(one, stable_hash(key, 0));
    EXPECT_EQ(port_of(other, stable_hash(key, 0)), port);
    seen.insert(port);
  }

  EXPECT_EQ(seen.size(), 5U);
}

TEST_F(BalancedSetTest, TakesAnAnswerThatRefusesForLoadForASlowOne) {
  add(1);
  add(2);
  BackendSet set = make({});
  std::array<size_t, 3> counts{};

  for (size_t i = 0; i < 100; ++i) {
    auto pick = set.pick({});
    uint16_t port = pick->endpoint().address().port();
    ++counts[port];
    ResponseHead head(loop_.blocks(), port == 2 ? 429 : 200);
    pick->on_response(head, true, 1ms, loop_.now());
  }

  EXPECT_EQ(counts[2], 1U) << "the first answer was enough";
}

TEST_F(BalancedSetTest, UsesTheNextPriorityWhenTheFirstIsDown) {
  add(1, 0);
  add(2, 1);
  BackendSet set = make({});
  EXPECT_EQ(ports_of(set), (std::set<uint16_t>{1}));
  fail(1);

  EXPECT_EQ(ports_of(set), (std::set<uint16_t>{2}));
}

TEST_F(BalancedSetTest, PrefersItsOwnZoneWhereThatIsAskedFor) {
  add(1, 0, "east");
  add(2, 0, "west");
  context_.zone = "west";
  LbSpec aware;
  aware.shape.zone_aware = true;
  BackendSet set = make(aware);
  BackendSet unaware = make({});

  EXPECT_EQ(ports_of(set), (std::set<uint16_t>{2}));
  EXPECT_EQ(ports_of(unaware), (std::set<uint16_t>{1, 2}));
}

TEST_F(BalancedSetTest, WithoutAZoneOfItsOwnEndpointsWithoutOneAreNoNearer) {
  add(1, 0, "");
  add(2, 0, "west");
  LbSpec aware;
  aware.shape.zone_aware = true;
  BackendSet set = make(aware);

  EXPECT_EQ(ports_of(set), (std::set<uint16_t>{1, 2}));
}

TEST_F(BalancedSetTest, IsToldThatNobodyIsHealthyUnlessItMayPanic) {
  add(1);
  fail(1);
  BackendSet set = make({});

  EXPECT_EQ(set.pick({}).error().reason, Reason::kNoHealthyEndpoint);
}

TEST_F(BalancedSetTest, CountsTriesInPanic) {
  for (uint16_t port = 1; port <= 4; ++port) add(port);
  LbSpec lb;
  lb.shape.panic_below = 50;
  BackendSet set = make(lb);
  (void)ports_of(set, 10);
  for (uint16_t port : std::initializer_list<uint16_t>{1, 2, 3}) fail(port);
  auto ports = ports_of(set, 20);

  EXPECT_EQ(ports.size(), 4U);
  EXPECT_NE(metrics_.render().find("heddle_upstream_panics_total{backend_set=\"default/b\"} 20"), std::string::npos);
}

TEST_F(BalancedSetTest, TakesAChangedShape) {
  for (uint16_t port = 1; port <= 4; ++port) add(port);
  BackendSet set = make({});
  (void)ports_of(set);
  for (uint16_t port : std::initializer_list<uint16_t>{1, 2, 3}) fail(port);
  EXPECT_EQ(ports_of(set).size(), 1U);
  spec_.lb.shape.panic_below = 50;

  set.update(std::make_shared<const BackendSetSpec>(spec_));

  EXPECT_EQ(ports_of(set).size(), 4U);
}
}  // namespace
}  // namespace heddle
