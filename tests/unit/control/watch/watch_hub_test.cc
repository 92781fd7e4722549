#include "control/watch/watch_hub.h"

#include <deque>

#include "tests/support/manual_scheduler.h"
#include "tests/support/watch_replica.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
ResourceKey service_key(std::string_view name) { return *ResourceKey::make(Kind::kService, "default", name); }

// A sidecar, its connection (a window of so many lines) and its side of the protocol.
class Sidecar final : public SubscriberSink {
 public:
  explicit Sidecar(std::string node) : node_(std::move(node)) {}
  Flow send_line(std::string_view line) override {
    EXPECT_FALSE(closed_) << "a line after close: " << line;
    EXPECT_LT(lines_.size(), window_) << "a line although the sink is full";
    lines_.emplace_back(line);
    full_ = lines_.size() >= window_;
    return full_ ? Flow::kFull : Flow::kOpen;
  }
  void close(const Error& error) override { closed_ = error; }

  void connect(WatchHub& hub) {
    closed_.reset();
    lines_.clear();
    full_ = false;
    replica_.disconnect();
    subscriber_ = hub.add(*this, {*SpiffeId::parse("spiffe://cluster.local/ns/default/sa/web"), grant_});
  }
  void hello(WatchHub& hub) { hub.on_message(*subscriber_, replica_.hello(node_, wants_)); }
  void start(WatchHub& hub) {
    connect(hub);
    hello(hub);
  }
  void stop(WatchHub& hub) {
    hub.remove(*subscriber_);
    subscriber_ = nullptr;
  }
  // Reads up to `count` lines; true: a batch waits for an answer.
  bool read(WatchHub& hub, size_t count = SIZE_MAX) {
    for (; count > 0 && !lines_.empty(); --count) {
      std::string line = std::move(lines_.front());
      lines_.pop_front();
      replica_.receive(line);
      if (!lines_.empty() || !full_) continue;
      full_ = false;
      hub.on_writable(*subscriber_);
    }
    return replica_.is_waiting();
  }
  // Reads and acknowledges until nothing comes.
  void settle(WatchHub& hub) {
    while (read(hub)) hub.on_message(*subscriber_, replica_.ack());
  }

  std::string node_;
  std::vector<ResourceKey> wants_;
  WatchGrant grant_ = WatchGrant::kWants;
  size_t window_ = SIZE_MAX;
  std::deque<std::string> lines_;
  bool full_ = false;
  std::optional<Error> closed_;
  WatchReplica replica_;
  Subscriber* subscriber_ = nullptr;
};

class WatchHubTest : public testing::Test {
 protected:
  WatchHubTest() {
    put(backend_set("a"));
    put(service("a"));
    put(backend_set("b"));
    put(service("b"));
    start_hub();
    hub_->set_synced();
    sidecar_.wants_ = {service_key("a")};
  }
  void start_hub(WatchHub::Options options = {}) {
    hub_ = std::make_unique<WatchHub>(*store_.store, registry_, scheduler_, random_, options);
  }
  void put(Envelope resource) { store_.put(std::move(resource)); }
  void flush() { scheduler_.advance(10ms); }
  const NodeStatus& status() { return *registry_.find({"spiffe://cluster.local/ns/default/sa/web", sidecar_.node_}); }

  TestStore store_;
  ManualScheduler scheduler_;
  SeededRandom random_{9};
  NodeRegistry registry_;
  std::unique_ptr<WatchHub> hub_;
  Sidecar sidecar_{"n1"};
};

TEST_F(WatchHubTest, ANewSidecarGetsASnapshotOfItsScope) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.begins().size(), 1U);
  EXPECT_EQ(sidecar_.replica_.begins()[0].kind, BatchKind::kSnapshot);
  EXPECT_EQ(sidecar_.replica_.content().size(), 2U);
  EXPECT_EQ(sidecar_.replica_.version(), store_->version());
  EXPECT_EQ(status().state, NodeState::kLive);
}

TEST_F(WatchHubTest, AnEmptyScopeIsASnapshotToo) {
  sidecar_.wants_ = {};
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.version(), store_->version());
  EXPECT_TRUE(sidecar_.replica_.content().empty());
}

TEST_F(WatchHubTest, AChangeIsADeltaFromWhatWasAcknowledged) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  put(backend_set("a", "9"));
  flush();
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.begins().size(), 2U);
  EXPECT_EQ(sidecar_.replica_.begins()[1].kind, BatchKind::kDelta);
  EXPECT_EQ(sidecar_.replica_.version(), store_->version());
}

TEST_F(WatchHubTest, NothingIsPushedBeforeTheSourcesAreSynced) {
  start_hub();
  sidecar_.start(*hub_);
  scheduler_.advance(1min);
  EXPECT_TRUE(sidecar_.lines_.empty());

  hub_->set_synced();
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 1);
}

TEST_F(WatchHubTest, ResumesWithoutAResyncWhenNothingChanged) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  sidecar_.stop(*hub_);
  put(backend_set("b", "9"));

  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  scheduler_.advance(5s);
  sidecar_.read(*hub_);

  EXPECT_EQ(sidecar_.replica_.begins().size(), 1U);
  ASSERT_EQ(sidecar_.replica_.heartbeats().size(), 1U);
  EXPECT_EQ(sidecar_.replica_.heartbeats()[0].runs, store_->version());
  EXPECT_EQ(status().state, NodeState::kLive);
}

TEST_F(WatchHubTest, ResumesWithoutAResyncWhenItComesBeforeTheSync) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  sidecar_.stop(*hub_);
  start_hub();

  sidecar_.start(*hub_);
  hub_->set_synced();
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.begins().size(), 1U);
}

TEST_F(WatchHubTest, ResumesWithADeltaWhereTheLogRemembers) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  sidecar_.stop(*hub_);
  put(backend_set("a", "9"));

  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.begins().size(), 2U);
  EXPECT_EQ(sidecar_.replica_.begins()[1].kind, BatchKind::kDelta);
}

TEST_F(WatchHubTest, ResumesWithASnapshotBehindCompaction) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  sidecar_.stop(*hub_);
  put(backend_set("a", "9"));
  store_->compact(store_->version());

  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.begins().size(), 2U);
  EXPECT_EQ(sidecar_.replica_.begins()[1].kind, BatchKind::kSnapshot);
}

TEST_F(WatchHubTest, AHashThatNobodyKnowsMeansASnapshot) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  sidecar_.stop(*hub_);
  WatchHello hello = sidecar_.replica_.hello("n1", sidecar_.wants_);
  hello.hash = std::string(64, '0');

  sidecar_.connect(*hub_);
  hub_->on_message(*sidecar_.subscriber_, hello);
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.begins().back().kind, BatchKind::kSnapshot);
}

TEST_F(WatchHubTest, ASlowSidecarIsACursorNotAQueue) {
  sidecar_.window_ = 2;
  sidecar_.start(*hub_);
  for (int i = 1; i <= 50; ++i) {
    put(backend_set("a", std::to_string(i)));
    flush();
  }
  EXPECT_EQ(sidecar_.lines_.size(), 2U);

  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 2);
  EXPECT_EQ(sidecar_.replica_.version(), store_->version());
}

TEST_F(WatchHubTest, CommitsCloseTogetherArePushedAsOne) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  for (int i = 1; i <= 5; ++i) put(backend_set("a", std::to_string(i)));
  flush();
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 2);
}

TEST_F(WatchHubTest, ARefusedVersionIsNotResentUntilTheContentChanges) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  put(backend_set("a", "9"));
  flush();
  ASSERT_TRUE(sidecar_.read(*hub_));
  hub_->on_message(*sidecar_.subscriber_, sidecar_.replica_.nack());
  EXPECT_EQ(status().state, NodeState::kRefused);
  EXPECT_EQ(status().nack->errors[0].path, "spec");
  put(backend_set("b", "9"));
  scheduler_.advance(1min);
  EXPECT_EQ(sidecar_.replica_.begins().size(), 2U);

  put(backend_set("a", "10"));
  flush();
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.begins().size(), 3U);
  EXPECT_EQ(sidecar_.replica_.begins()[2].from, sidecar_.replica_.begins()[0].to);
  EXPECT_EQ(status().state, NodeState::kLive);
  EXPECT_FALSE(status().nack.has_value());
}

TEST_F(WatchHubTest, AfterARefusalTheNextBatchWaitsASecond) {
  sidecar_.start(*hub_);
  sidecar_.read(*hub_);
  hub_->on_message(*sidecar_.subscriber_, sidecar_.replica_.nack());

  put(backend_set("a", "10"));
  scheduler_.advance(900ms);
  EXPECT_EQ(sidecar_.replica_.begins().size(), 1U);
  EXPECT_TRUE(sidecar_.lines_.empty());
  scheduler_.advance(100ms);
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 1);
}

TEST_F(WatchHubTest, WhatReturnsToTheOldContentNeedsNoBatch) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  put(backend_set("a", "9"));
  put(backend_set("a", "8080"));
  flush();
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 1);
  EXPECT_EQ(hub_->min_runs(), store_->version());
}

TEST_F(WatchHubTest, WantsAddAndDropServices) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  hub_->on_message(*sidecar_.subscriber_, WatchWant{{service_key("b")}, {service_key("a")}});
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.content().count("Service/default/b"), 1U);
  EXPECT_EQ(sidecar_.replica_.content().count("Service/default/a"), 0U);
}

TEST_F(WatchHubTest, AWantOfNothingIsAnsweredOnceAndServedWhenItAppears) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  hub_->on_message(*sidecar_.subscriber_, WatchWant{{service_key("ghost")}, {}});
  sidecar_.settle(*hub_);
  EXPECT_EQ(sidecar_.replica_.unknown(), std::vector<ResourceKey>{service_key("ghost")});

  put(backend_set("ghost"));
  put(service("ghost"));
  flush();
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.unknown().size(), 1U);
  EXPECT_EQ(sidecar_.replica_.content().count("Service/default/ghost"), 1U);
}

TEST_F(WatchHubTest, TooManyWantsEndTheStream) {
  WatchWant want;
  for (size_t i = 0; i < kMaxWants; ++i) want.add.push_back(service_key("s" + std::to_string(i)));
  sidecar_.start(*hub_);

  hub_->on_message(*sidecar_.subscriber_, want);

  ASSERT_TRUE(sidecar_.closed_.has_value());
  EXPECT_EQ(sidecar_.closed_->reason, Reason::kTooManyWants);
}

TEST_F(WatchHubTest, EverythingNeedsAGrant) {
  WatchHello hello{.node = "n1", .software = "x", .scope = WatchScope::kEverything};
  Sidecar replica("n2");
  replica.grant_ = WatchGrant::kEverything;
  sidecar_.connect(*hub_);
  replica.connect(*hub_);

  hub_->on_message(*sidecar_.subscriber_, hello);
  hello.node = "n2";
  hub_->on_message(*replica.subscriber_, hello);
  replica.settle(*hub_);

  EXPECT_EQ(sidecar_.closed_->reason, Reason::kForbidden);
  EXPECT_EQ(replica.replica_.content().size(), 4U);
}

TEST_F(WatchHubTest, AnswersThatNobodyAskedForEndTheStream) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  hub_->on_message(*sidecar_.subscriber_, WatchAck{{1, 1}});

  EXPECT_EQ(sidecar_.closed_->reason, Reason::kBadRequest);
}

TEST_F(WatchHubTest, TheFirstMessageMustBeHello) {
  sidecar_.connect(*hub_);

  hub_->on_message(*sidecar_.subscriber_, WatchWant{});

  EXPECT_EQ(sidecar_.closed_->reason, Reason::kBadRequest);
}

TEST_F(WatchHubTest, AnotherSchemaIsRefused) {
  sidecar_.connect(*hub_);

  hub_->on_message(*sidecar_.subscriber_, WatchHello{.schema = 2, .node = "n1", .software = "x"});

  EXPECT_EQ(sidecar_.closed_->reason, Reason::kUnsupported);
}

TEST_F(WatchHubTest, ASecondHelloAsksForASnapshotAfterASecond) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  hub_->on_message(*sidecar_.subscriber_, WatchHello{.node = "n1", .software = "x", .wants = sidecar_.wants_});
  EXPECT_TRUE(sidecar_.lines_.empty());

  scheduler_.advance(1s);
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.begins().size(), 2U);
  EXPECT_EQ(sidecar_.replica_.begins()[1].kind, BatchKind::kSnapshot);
}

TEST_F(WatchHubTest, ANewerStreamOfTheSameSidecarReplacesTheOlder) {
  Sidecar again("n1");
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  again.start(*hub_);
  again.settle(*hub_);
  sidecar_.stop(*hub_);

  EXPECT_EQ(sidecar_.closed_->reason, Reason::kConflict);
  EXPECT_EQ(status().state, NodeState::kLive);
  EXPECT_EQ(hub_->min_runs(), store_->version());
}

TEST_F(WatchHubTest, BeatsEveryFiveSecondsWithVersionAndTime) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  put(backend_set("b", "9"));

  scheduler_.advance(15s);
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.heartbeats().size(), 3U);
  EXPECT_EQ(sidecar_.replica_.heartbeats()[2].version, store_->version());
  EXPECT_EQ(sidecar_.replica_.heartbeats()[2].runs, store_->version());
  EXPECT_EQ(sidecar_.replica_.heartbeats()[2].time, scheduler_.wall());
}

TEST_F(WatchHubTest, ASidecarThatNeverAnswersIsDropped) {
  sidecar_.start(*hub_);

  scheduler_.advance(25s);
  EXPECT_FALSE(sidecar_.closed_.has_value());
  scheduler_.advance(10s);

  ASSERT_TRUE(sidecar_.closed_.has_value());
  EXPECT_EQ(sidecar_.closed_->reason, Reason::kTimeout);
}

TEST_F(WatchHubTest, AHerdIsToldWhenToComeBack) {
  start_hub({.streams_rate = 1, .streams_burst = 1});
  hub_->set_synced();
  Sidecar late("n2");
  sidecar_.start(*hub_);

  late.connect(*hub_);
  late.read(*hub_);

  EXPECT_EQ(late.subscriber_, nullptr);
  EXPECT_EQ(late.closed_->reason, Reason::kRateLimited);
  ASSERT_TRUE(late.replica_.retry_after().has_value());
  EXPECT_GE(late.replica_.retry_after()->after, 1s);
  EXPECT_LE(late.replica_.retry_after()->after, 5s);
}

TEST_F(WatchHubTest, DrainIsToldOnceAndNeverInsideABatch) {
  Sidecar slow("n2");
  slow.wants_ = {service_key("a")};
  slow.window_ = 1;
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  slow.start(*hub_);

  hub_->drain();
  sidecar_.settle(*hub_);
  slow.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.drains(), 1);
  EXPECT_EQ(slow.replica_.drains(), 1);
  EXPECT_EQ(slow.replica_.applied(), 1);
}

TEST_F(WatchHubTest, WaitsUntilEverySidecarRunsTheVersion) {
  std::vector<WaitResult> results;
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  put(backend_set("a", "9"));
  Pending wait = hub_->wait(store_->version(), 1min, [&results](WaitResult r) { results.push_back(std::move(r)); });
  flush();
  EXPECT_TRUE(results.empty());

  sidecar_.settle(*hub_);

  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].end, WaitResult::End::kReached);
  EXPECT_EQ(results[0].runs, store_->version());
}

TEST_F(WatchHubTest, AVersionThatChangesNothingForASidecarRunsThereWithoutAMessage) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  put(backend_set("b", "9"));
  EXPECT_FALSE(hub_->is_reached(store_->version()));
  flush();

  EXPECT_TRUE(hub_->is_reached(store_->version()));
  EXPECT_TRUE(sidecar_.lines_.empty());
}

TEST_F(WatchHubTest, AWaitThatIsSatisfiedAlreadyAnswersLaterNotInside) {
  int calls = 0;
  Pending wait = hub_->wait({1, 1}, 1min, [&calls](WaitResult) { ++calls; });
  EXPECT_EQ(calls, 0);

  scheduler_.advance(0ms);

  EXPECT_EQ(calls, 1);
}

TEST_F(WatchHubTest, AWaitEndsWithWhoIsBehind) {
  std::optional<WaitResult> result;
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  put(backend_set("a", "9"));
  Pending wait = hub_->wait(store_->version(), 20s, [&result, &wait](WaitResult r) {
    result = std::move(r);
    wait.reset();
  });

  scheduler_.advance(20s);

  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->end, WaitResult::End::kTimeout);
  ASSERT_EQ(result->behind.size(), 1U);
  EXPECT_EQ(result->behind[0].node, "n1");
}

TEST_F(WatchHubTest, ADestroyedWaitNeverAnswers) {
  int calls = 0;
  Pending wait = hub_->wait({1, 1}, 1min, [&calls](WaitResult) { ++calls; });

  wait.reset();
  scheduler_.advance(2min);

  EXPECT_EQ(calls, 0);
}

TEST_F(WatchHubTest, EqualChangesShareOneBody) {
  ScopeSet::Ptr empty = make_scope_set({});
  ScopeSet::Ptr full = make_scope_set({store_->view().find(service_key("a"))});
  BatchCache cache;

  BatchBody::Ptr one = cache.body(empty, full);
  BatchBody::Ptr other = cache.body(empty, full);

  EXPECT_EQ(one, other);
  one.reset();
  other.reset();
  EXPECT_TRUE(cache.body(full, empty)->puts.empty());
  EXPECT_EQ(cache.size(), 1U);
}

// Many sidecars with small windows under random commits, wants, nacks, disconnects and compactions: the replica checks
// every batch; when all is quiet, everybody holds exactly what its scope says.
class WatchModel : public testing::TestWithParam<uint64_t> {};
TEST_P(WatchModel, EverySidecarEndsWithItsScope) {
  SeededRandom random(GetParam());
  TestStore store(Store::Options{.log = {.events = 15, .bytes = 1 << 20}});
  for (int i = 0; i < 5; ++i) {
    store.put(backend_set("s" + std::to_string(i)));
    store.put(service("s" + std::to_string(i)));
  }
  ManualScheduler scheduler;
  NodeRegistry registry;
  WatchHub hub(*store.store, registry, scheduler, random, {.streams_rate = 1e6, .streams_burst = 1e6});
  hub.set_synced();
  std::vector<std::unique_ptr<Sidecar>> sidecars;
  auto any_service = [&random] { return service_key("s" + std::to_string(random.below(6))); };
  for (int i = 0; i < 6; ++i) {
    sidecars.push_back(std::make_unique<Sidecar>("n" + std::to_string(i)));
    sidecars.back()->window_ = 1 + random.below(4);
    sidecars.back()->wants_ = {any_service()};
    sidecars.back()->start(hub);
  }
  auto answer = [&](Sidecar& s, bool refuse) {
    if (!s.read(hub, 1 + random.below(5))) return;
    refuse ? hub.on_message(*s.subscriber_, s.replica_.nack()) : hub.on_message(*s.subscriber_, s.replica_.ack());
  };
  for (int i = 0; i < 1500; ++i) {
    Sidecar& s = *sidecars[random.below(sidecars.size())];
    switch (random.below(12)) {
      case 0:
      case 1:
        store.put(backend_set("s" + std::to_string(random.below(5)), std::to_string(1 + random.below(9))));
        break;
      case 2:
        s.stop(hub);
        s.start(hub);
        break;
      case 3: {
        WatchWant want{{any_service()}, {}};
        if (random.below(2) == 0) want.drop.push_back(any_service());
        for (const ResourceKey& key : want.drop) std::erase(s.wants_, key);
        for (const ResourceKey& key : want.add) std::erase(s.wants_, key);
        s.wants_.insert(s.wants_.end(), want.add.begin(), want.add.end());
        hub.on_message(*s.subscriber_, want);
        break;
      }
      case 4:
        scheduler.advance(std::chrono::milliseconds(random.below(100)));
        break;
      case 5:
        if (random.below(20) == 0) store->compact(store->version());
        break;
      case 6:
        answer(s, true);
        break;
      default:
        answer(s, false);
    }
    ASSERT_FALSE(s.closed_.has_value()) << s.closed_->text();
  }
  // Content nobody has refused yet, then silence.
  for (int i = 0; i < 5; ++i) store.put(backend_set("s" + std::to_string(i), "77"));
  for (int i = 0; i < 5; ++i) {
    scheduler.advance(1s);
    for (auto& s : sidecars) s->settle(hub);
  }

  for (auto& s : sidecars) {
    NodeRequest request{s->subscriber_->peer().identity, WatchScope::kWants, {s->wants_.begin(), s->wants_.end()}};
    NodeView expected = node_view(ReferenceIndex(store->view()), request);
    EXPECT_EQ(s->replica_.hash(), to_hex(expected.set->hash)) << s->node_;
    EXPECT_EQ(s->subscriber_->state(), NodeState::kLive);
  }
  EXPECT_EQ(hub.min_runs(), store->version());
}
INSTANTIATE_TEST_SUITE_P(Seeds, WatchModel, testing::Range<uint64_t>(1, 9));
}  // namespace
}  // namespace heddle
