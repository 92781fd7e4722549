#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
// Many sidecars with small windows under random commits, wants, nacks, disconnects and compactions: the replica checks
// every batch; when all is quiet, everybody holds exactly what its scope says.
class WatchModel : public testing::TestWithParam<uint64_t> {
 protected:
  static constexpr uint64_t kServices = 5;
  WatchModel() {
    for (uint64_t i = 0; i < kServices; ++i) {
      store_.put(backend_set(name(i)));
      store_.put(service(name(i)));
    }
    hub_.set_synced();
    for (int i = 0; i < 6; ++i) {
      sidecars_.push_back(std::make_unique<WatchingSidecar>("n" + std::to_string(i)));
      sidecars_.back()->window_ = 1 + random_.below(4);
      sidecars_.back()->wants_ = {any_service()};
      sidecars_.back()->start(hub_);
    }
  }
  static std::string name(uint64_t i) { return "s" + std::to_string(i); }
  // One of them does not exist.
  ResourceKey any_service() { return service_key(name(random_.below(kServices + 1))); }

  void step() {
    WatchingSidecar& sidecar = *sidecars_[random_.below(sidecars_.size())];
    uint64_t choice = random_.below(12);
    if (choice < 2) {
      store_.put(backend_set(name(random_.below(kServices)), std::to_string(1 + random_.below(9))));
    } else if (choice == 2) {
      sidecar.stop(hub_);
      sidecar.start(hub_);
    } else if (choice == 3) {
      change_wants(sidecar);
    } else if (choice == 4) {
      scheduler_.advance(std::chrono::milliseconds(random_.below(100)));
    } else if (choice == 5 && random_.below(20) == 0) {
      store_->compact(store_->version());
    } else {
      read_and_answer(sidecar, choice == 6);
    }
    ASSERT_FALSE(sidecar.closed_.has_value()) << sidecar.closed_->text();
  }
  void change_wants(WatchingSidecar& sidecar) {
    WatchWant want{{any_service()}, {any_service()}};
    std::erase(sidecar.wants_, want.drop[0]);
    std::erase(sidecar.wants_, want.add[0]);
    sidecar.wants_.push_back(want.add[0]);
    hub_.on_message(*sidecar.subscriber_, want);
  }
  void read_and_answer(WatchingSidecar& sidecar, bool refuse) {
    if (!sidecar.read(hub_, 1 + random_.below(5))) return;
    if (refuse) {
      hub_.on_message(*sidecar.subscriber_, sidecar.replica_.nack());
    } else {
      hub_.on_message(*sidecar.subscriber_, sidecar.replica_.ack());
    }
  }
  // Content that nobody has refused yet, and time to take it.
  void come_to_rest() {
    for (uint64_t i = 0; i < kServices; ++i) store_.put(backend_set(name(i), "77"));
    for (int i = 0; i < 5; ++i) {
      scheduler_.advance(1s);
      for (auto& sidecar : sidecars_) sidecar->settle(hub_);
    }
  }
  void expect_its_scope(const WatchingSidecar& sidecar) {
    NodeRequest request{
        sidecar.subscriber_->peer().identity, WatchScope::kWants, {sidecar.wants_.begin(), sidecar.wants_.end()}};
    NodeView expected = node_view(ReferenceIndex(store_->view()), request);
    EXPECT_EQ(sidecar.replica_.hash(), to_hex(expected.set->hash)) << sidecar.node_;
    EXPECT_EQ(sidecar.subscriber_->state(), NodeState::kLive);
  }

  SeededRandom random_{GetParam()};
  TestStore store_{Store::Options{.log = {.events = 15, .bytes = 1 << 20}}};
  ManualScheduler scheduler_;
  NodeRegistry registry_;
  WatchHub hub_{*store_.store, registry_, scheduler_, random_, {}};
  std::vector<std::unique_ptr<WatchingSidecar>> sidecars_;
};

TEST_P(WatchModel, EverySidecarEndsWithItsScope) {
  for (int i = 0; i < 1500; ++i) ASSERT_NO_FATAL_FAILURE(step());
  come_to_rest();

  for (const auto& sidecar : sidecars_) expect_its_scope(*sidecar);
  EXPECT_EQ(hub_.min_runs(), store_->version());
}
INSTANTIATE_TEST_SUITE_P(Seeds, WatchModel, testing::Range<uint64_t>(1, 9));
}  // namespace
}  // namespace heddle
