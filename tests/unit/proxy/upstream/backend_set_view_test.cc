#include "proxy/upstream/backend_set_view.h"

#include "proxy/lb/stable_hash.h"
#include "tests/support/upstream_rig.h"

namespace heddle {
namespace {
class BackendSetViewTest : public UpstreamRig {
 protected:
  void add(uint16_t port, uint32_t weight = 1, uint8_t priority = 0) {
    Endpoint& endpoint = spec_.endpoints.emplace_back();
    endpoint.key.address = Address::loopback(port);
    endpoint.weight = weight;
    endpoint.priority = priority;
  }
  BackendSet make(LbSpec lb = {}, BackendSet::Traffic traffic = nullptr) {
    spec_.key = {Kind::kBackendSet, "default", "b"};
    spec_.tls = UpstreamTls::kPlaintext;
    spec_.lb = std::move(lb);
    return BackendSet(context_, std::make_shared<const BackendSetSpec>(spec_), std::move(traffic));
  }
  // As a worker's set holds it.
  std::shared_ptr<EndpointHealth> health(uint16_t port) { return health_.get({Address::loopback(port), ""}); }
  BackendSetSpec spec_;
};

TEST_F(BackendSetViewTest, SaysOfEachEndpointWhetherItMayBeChosenAndWhyNot) {
  add(1);
  add(2);
  add(3, 0);
  add(4);
  auto down = health(2);
  auto leaving = health(4);
  down->set(HealthFlag::kCheckFailed, {});
  leaving->set(HealthFlag::kDraining, {});
  BackendSet set = make();

  BackendSetView view = set.view(std::nullopt);

  ASSERT_EQ(view.endpoints.size(), 4U);
  EXPECT_TRUE(view.endpoints[0].is_eligible);
  EXPECT_EQ(view.endpoints[0].why, "");
  EXPECT_FALSE(view.endpoints[1].is_eligible);
  EXPECT_EQ(view.endpoints[1].why, "its check failed");
  EXPECT_FALSE(view.endpoints[1].is_healthy);
  EXPECT_FALSE(view.endpoints[2].is_eligible);
  EXPECT_EQ(view.endpoints[2].why, "weight 0");
  EXPECT_TRUE(view.endpoints[2].is_healthy);
  EXPECT_EQ(view.endpoints[3].why, "leaving");
  EXPECT_EQ(view.reason, Reason::kNone);
}

TEST_F(BackendSetViewTest, SaysThatALevelGetsNothingWhileTheFirstIsHealthy) {
  add(1);
  add(2, 1, 1);
  BackendSet set = make();

  BackendSetView view = set.view(std::nullopt);

  EXPECT_TRUE(view.endpoints[0].is_eligible);
  EXPECT_FALSE(view.endpoints[1].is_eligible);
  EXPECT_EQ(view.endpoints[1].why, "its priority level or zone gets nothing now");
}

TEST_F(BackendSetViewTest, SaysThatPanicTakesTheBadOnes) {
  add(1);
  add(2);
  auto down = health(2);
  down->set(HealthFlag::kCheckFailed, {});
  LbSpec lb;
  lb.shape.panic_below = 60;
  BackendSet set = make(lb);

  BackendSetView view = set.view(std::nullopt);

  EXPECT_TRUE(view.endpoints[1].is_eligible);
  EXPECT_EQ(view.endpoints[1].why, "its check failed; used all the same: too few are healthy (panic)");
}

TEST_F(BackendSetViewTest, AnswersAsAPickWouldWhereNobodyIsLeft) {
  add(1);
  auto down = health(1);
  down->set(HealthFlag::kCheckFailed, {});
  BackendSet set = make();

  EXPECT_EQ(set.view(std::nullopt).reason, Reason::kNoHealthyEndpoint);
  EXPECT_EQ(set.pick({}).error().reason, Reason::kNoHealthyEndpoint);
  EXPECT_EQ(set.view(std::nullopt).reason, Reason::kNoHealthyEndpoint) << "with what the pick made";
}

TEST_F(BackendSetViewTest, NamesTheEndpointOfAKeyBeforeAndAfterTheFirstPick) {
  for (uint16_t port = 1; port <= 5; ++port) add(port);
  LbSpec lb{LbPolicy::kMaglev, {HashSource::kPath, ""}, {}};
  BackendSet used = make(lb);
  for (uint64_t key = 0; key < 50; ++key) {
    uint64_t hash = stable_hash(key, 0);
    BackendSet fresh = make(lb);
    auto foreseen = fresh.view(hash).chosen;
    BackendSet::PickOptions options;
    options.hash = hash;

    auto pick = used.pick({}, options);

    ASSERT_TRUE(foreseen);
    EXPECT_EQ(*foreseen, pick->index());
    EXPECT_EQ(used.view(hash).chosen, foreseen);
  }
  EXPECT_FALSE(used.view(std::nullopt).chosen) << "without a key it is chance";
}

TEST_F(BackendSetViewTest, ForeseesWhereAKeyGoesWhileItsEndpointIsDown) {
  for (uint16_t port = 1; port <= 5; ++port) add(port);
  BackendSet set = make({LbPolicy::kRingHash, {HashSource::kPath, ""}, {}});
  BackendSet::PickOptions options;
  options.hash = stable_hash(7, 0);
  uint32_t usual = set.pick({}, options)->index();
  auto down = health(static_cast<uint16_t>(usual + 1));
  down->set(HealthFlag::kCheckFailed, {});

  auto foreseen = set.view(options.hash).chosen;

  ASSERT_TRUE(foreseen);
  EXPECT_NE(*foreseen, usual);
  EXPECT_EQ(set.pick({}, options)->index(), *foreseen);
}

TEST_F(BackendSetViewTest, ShowsLimitsWithTheirPresentUseAndTakesNone) {
  add(1);
  TrafficPolicySpec policy;
  policy.limits.requests = 2;
  BackendSet set = make({}, std::make_shared<const TrafficPolicySpec>(policy));
  constexpr auto kRequests = static_cast<size_t>(CircuitResource::kRequests);
  EXPECT_EQ(set.view(std::nullopt).limits[kRequests].limit, 2U) << "before the first pick";
  auto one = set.pick({});

  for (int i = 0; i < 5; ++i) EXPECT_EQ(set.view(std::nullopt).limits[kRequests].used, 1U);
  EXPECT_EQ(set.view(std::nullopt).endpoints[0].in_flight, 1U);
  EXPECT_EQ(set.view(std::nullopt).reason, Reason::kNone);

  auto two = set.pick({});
  EXPECT_EQ(set.view(std::nullopt).reason, Reason::kRequestOverflow);
}

TEST_F(BackendSetViewTest, LookingMovesNoTurn) {
  add(1);
  add(2);
  BackendSet watched = make({LbPolicy::kRoundRobin, {}, {}});
  std::vector<uint32_t> picks;

  for (int i = 0; i < 6; ++i) {
    (void)watched.view(std::nullopt);
    picks.push_back(watched.pick({})->index());
  }

  EXPECT_EQ(std::count(picks.begin(), picks.end(), 0U), 3) << "as if nobody had looked";
}
}  // namespace
}  // namespace heddle
