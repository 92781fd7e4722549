#include "proxy/watch/watch_client.h"

#include <gtest/gtest.h>

#include "lib/base/bytes.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr std::string_view kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// A control plane that says what the test lets it say and writes down what it hears.
class ScriptedChannel final : public WatchChannel {
 public:
  struct Stream final : WatchStream {
    explicit Stream(ScriptedChannel& o) : owner(o) {}
    ~Stream() override { owner.observer = owner.stream == this ? nullptr : owner.observer; }
    void send(std::string_view line) override { owner.heard.push_back(*decode_sidecar_message(line)); }
    ScriptedChannel& owner;
  };
  size_t addresses() const override { return 2; }
  std::string name(size_t address) const override { return "control-" + std::to_string(address); }
  [[nodiscard]] std::unique_ptr<WatchStream> open(size_t address, Observer& o) override {
    dialled.push_back(address);
    observer = &o;
    auto made = std::make_unique<Stream>(*this);
    stream = made.get();
    return made;
  }

  void say(const ControlMessage& message) {
    std::string line = encode(message);
    line.pop_back();
    ASSERT_NE(observer, nullptr);
    observer->on_line(line);
  }
  template <class Message>
  std::vector<Message> heard_of() const {
    std::vector<Message> out;
    for (const SidecarMessage& message : heard) {
      if (auto* found = std::get_if<Message>(&message)) out.push_back(*found);
    }
    return out;
  }
  Observer* observer = nullptr;
  Stream* stream = nullptr;
  std::vector<size_t> dialled;
  std::vector<SidecarMessage> heard;
};

// Applies in a turn of its own; the "disk" is a string.
class LocalWorker final : public WatchWorker {
 public:
  explicit LocalWorker(Scheduler& scheduler) : scheduler_(scheduler) {}
  [[nodiscard]] Pending apply(WatchBatch batch, OnApplied done) override {
    return later([this, batch = std::move(batch), done = std::move(done)]() mutable { done(applier_.apply(batch)); });
  }
  [[nodiscard]] Pending restore(OnRestored done) override {
    return later([this, done = std::move(done)]() mutable {
      if (disk.empty()) return done(make_error(Reason::kNotFound, "empty"));
      done(applier_.restore(disk));
    });
  }
  [[nodiscard]] Pending store(std::vector<ResourceKey> wants, OnStored done) override {
    ++stores;
    return later([this, wants = std::move(wants), done = std::move(done)]() mutable {
      disk = applier_.last_good_text(wants);
      done({});
    });
  }
  std::string disk;
  int stores = 0;

 private:
  struct Job final : Operation {
    std::unique_ptr<Timer> timer;
  };
  Pending later(Task task) {
    auto job = std::make_unique<Job>();
    job->timer = scheduler_.timer(std::move(task));
    job->timer->arm(Duration{});
    return job;
  }
  Scheduler& scheduler_;
  BatchApplier applier_;
};

ResourceKey service(const std::string& name) { return *ResourceKey::make(Kind::kService, "default", name); }
Version v(uint64_t sequence, uint64_t epoch = 1) { return {epoch, sequence}; }

std::string hash_of(const std::vector<Resource>& resources) {
  ContentHasher hasher;
  for (const Resource& resource : resources) hasher.put(resource);
  return to_hex(hasher.value());
}

class WatchClientTest : public testing::Test {
 protected:
  void run() { scheduler_.advance(1ms); }
  void connect() {
    client_.start();
    run();
    open();
  }
  void open() {
    channel_.observer->on_open();
    run();
  }
  void batch(BatchKind kind, Version to, const std::vector<Resource>& puts, std::string hash) {
    std::optional<Version> from = kind == BatchKind::kDelta ? std::optional(v(1)) : std::nullopt;
    channel_.say(WatchBegin{kind, from, to});
    for (const Resource& put : puts) {
      if (channel_.observer != nullptr) channel_.say(WatchPut{put.key, put.json});
    }
    if (channel_.observer != nullptr) channel_.say(WatchEnd{to, std::move(hash)});
    run();
  }
  void snapshot(Version to, const std::vector<Resource>& resources) {
    batch(BatchKind::kSnapshot, to, resources, hash_of(resources));
  }
  void heartbeat(Version newest) { channel_.say(WatchHeartbeat{newest, WallTime(1000s), std::nullopt}); }
  Version running() { return client_.snapshots().current()->version(); }
  WatchHello last_hello() { return channel_.heard_of<WatchHello>().back(); }

  ManualScheduler scheduler_;
  SeededRandom random_;
  ScriptedChannel channel_;
  LocalWorker worker_{scheduler_};
  WatchClient client_{scheduler_, random_, Logger{}, channel_, worker_, {"node-1", "0.1.0", {service("a")}}};
  std::vector<Resource> a_ = resources_of(service_yaml("a"));
  std::vector<Resource> b_ = resources_of(service_yaml("b"));
  std::vector<Resource> ab_ = resources_of(service_yaml("a") + "---\n" + service_yaml("b"));
};

TEST_F(WatchClientTest, SaysHelloWithWhatItWants) {
  connect();

  EXPECT_EQ(last_hello().node, "node-1");
  EXPECT_EQ(last_hello().wants, std::vector{service("a")});
  EXPECT_FALSE(last_hello().version);
  EXPECT_EQ(client_.status().state, WatchState::kSyncing);
}

TEST_F(WatchClientTest, PublishesAndAcknowledgesASnapshot) {
  connect();

  snapshot(v(1), a_);

  EXPECT_EQ(running(), v(1));
  EXPECT_EQ(channel_.heard_of<WatchAck>(), std::vector{WatchAck{v(1)}});
  EXPECT_EQ(client_.status().state, WatchState::kLive);
}

TEST_F(WatchClientTest, AppliesADeltaThatLeadsToTheAnnouncedHash) {
  connect();
  snapshot(v(1), a_);

  batch(BatchKind::kDelta, v(2), b_, hash_of(ab_));

  EXPECT_EQ(running(), v(2));
  EXPECT_TRUE(holds_service(*client_.snapshots().current(), service("a")));
}

TEST_F(WatchClientTest, AsksForEverythingWhenTheHashDiffers) {
  connect();
  snapshot(v(1), a_);

  batch(BatchKind::kDelta, v(2), b_, std::string(kNothing));

  EXPECT_EQ(running(), v(1));
  EXPECT_EQ(channel_.heard_of<WatchHello>().size(), 2U);
  EXPECT_FALSE(last_hello().version);
  EXPECT_TRUE(channel_.heard_of<WatchNack>().empty());
}

TEST_F(WatchClientTest, SkipsDeltasUntilEverythingCame) {
  connect();
  snapshot(v(1), a_);
  batch(BatchKind::kDelta, v(2), b_, std::string(kNothing));

  batch(BatchKind::kDelta, v(3), b_, hash_of(ab_));
  Version between = running();
  snapshot(v(3), ab_);

  EXPECT_EQ(between, v(1));
  EXPECT_EQ(running(), v(3));
}

TEST_F(WatchClientTest, RefusesASnapshotThatIsNotWhatItAnnounced) {
  connect();

  batch(BatchKind::kSnapshot, v(1), a_, std::string(kNothing));

  EXPECT_EQ(client_.snapshots().current(), nullptr);
  EXPECT_EQ(channel_.heard_of<WatchNack>().size(), 1U);
  EXPECT_EQ(client_.status().state, WatchState::kBackoff);
}

TEST_F(WatchClientTest, RefusesABadResourceWithItsPathAndKeepsTheOld) {
  connect();
  snapshot(v(1), a_);
  Resource bad = b_.front();
  bad.json.insert(bad.json.find("\"spec\":{") + 8, "\"nonsense\":1,");

  batch(BatchKind::kDelta, v(2), {bad}, std::string(kNothing));

  auto nacks = channel_.heard_of<WatchNack>();
  ASSERT_EQ(nacks.size(), 1U);
  EXPECT_EQ(nacks[0].version, v(2));
  EXPECT_EQ(nacks[0].errors[0].resource, bad.key.text());
  EXPECT_EQ(nacks[0].errors[0].path, "spec.nonsense");
  EXPECT_EQ(running(), v(1));
  EXPECT_EQ(client_.status().refused, v(2));
}

TEST_F(WatchClientTest, TakesTheNextVersionAfterARefusal) {
  connect();
  snapshot(v(1), a_);
  Resource bad = b_.front();
  bad.json.insert(bad.json.find("\"spec\":{") + 8, "\"nonsense\":1,");
  batch(BatchKind::kDelta, v(2), {bad}, std::string(kNothing));

  batch(BatchKind::kDelta, v(3), b_, hash_of(ab_));

  EXPECT_EQ(running(), v(3));
  EXPECT_TRUE(client_.status().problems.empty());
}

TEST_F(WatchClientTest, AcknowledgesADuplicateWithoutPublishingIt) {
  connect();
  snapshot(v(1), a_);
  auto before = client_.snapshots().current();

  snapshot(v(1), a_);

  EXPECT_EQ(client_.snapshots().current(), before);
  EXPECT_EQ(channel_.heard_of<WatchAck>().size(), 2U);
}

TEST_F(WatchClientTest, ResumesFromTheVersionItHolds) {
  connect();
  snapshot(v(1), a_);

  channel_.observer->on_closed(make_error(Reason::kUpstreamClosed, "gone"));
  scheduler_.advance(1200ms);
  open();

  EXPECT_EQ(last_hello().version, v(1));
  EXPECT_EQ(last_hello().hash, hash_of(a_));
  EXPECT_EQ(channel_.dialled, (std::vector<size_t>{0, 1}));
}

TEST_F(WatchClientTest, ServesOnWhileTheControlPlaneIsAway) {
  connect();
  snapshot(v(1), a_);

  channel_.observer->on_closed(make_error(Reason::kUpstreamClosed, "gone"));
  scheduler_.advance(10s);

  EXPECT_EQ(running(), v(1));
  EXPECT_GE(client_.status().lag, 10s);
}

TEST_F(WatchClientTest, WaitsLongerAfterEveryFailure) {
  client_.start();
  run();
  channel_.observer->on_closed(make_error(Reason::kUpstreamConnectRefused, "refused"));
  scheduler_.advance(1200ms);
  size_t second = channel_.dialled.size();
  channel_.observer->on_closed(make_error(Reason::kUpstreamConnectRefused, "refused"));

  scheduler_.advance(1200ms);
  size_t too_early = channel_.dialled.size();
  scheduler_.advance(800ms);

  EXPECT_EQ(second, 2U);
  EXPECT_EQ(too_early, 2U);
  EXPECT_EQ(channel_.dialled.size(), 3U);
}

TEST_F(WatchClientTest, GivesUpAStreamThatIsSilent) {
  connect();
  heartbeat(v(1));

  scheduler_.advance(14s);
  WatchState before = client_.status().state;
  scheduler_.advance(1s);

  EXPECT_EQ(before, WatchState::kLive);
  EXPECT_EQ(client_.status().state, WatchState::kBackoff);
}

TEST_F(WatchClientTest, StaysWhileHeartbeatsCome) {
  connect();
  for (int i = 0; i < 10; ++i) {
    heartbeat(v(1));
    scheduler_.advance(5s);
  }

  EXPECT_EQ(client_.status().state, WatchState::kLive);
  EXPECT_EQ(channel_.dialled.size(), 1U);
}

TEST_F(WatchClientTest, GivesUpAConnectionThatNeverOpens) {
  client_.start();
  run();

  scheduler_.advance(WatchClient::kConnect);

  EXPECT_EQ(client_.status().state, WatchState::kBackoff);
}

TEST_F(WatchClientTest, HasNoLagWhenItRunsTheNewest) {
  connect();
  snapshot(v(1), a_);
  heartbeat(v(1));
  scheduler_.advance(4s);

  EXPECT_EQ(client_.status().lag, Duration{});
}

TEST_F(WatchClientTest, CountsTheLagFromWhenANewerVersionWasTold) {
  connect();
  snapshot(v(1), a_);
  heartbeat(v(1));

  heartbeat(v(2));
  scheduler_.advance(4s);

  EXPECT_EQ(client_.status().lag, 4s);
  EXPECT_EQ(client_.status().newest, v(2));
}

TEST_F(WatchClientTest, NeverGoesBackWithinAnEpoch) {
  connect();
  snapshot(v(5), ab_);

  snapshot(v(4), a_);

  EXPECT_EQ(running(), v(5));
  EXPECT_EQ(client_.status().state, WatchState::kBackoff);
}

TEST_F(WatchClientTest, GoesBackWhenNobodyHasTheNewer) {
  connect();
  snapshot(v(5), ab_);
  for (int i = 0; i < WatchClient::kBackwardsLimit; ++i) {
    snapshot(v(4), a_);
    scheduler_.advance(10s);
    open();
  }

  bool asked_for_everything = !last_hello().version;
  snapshot(v(4), a_);

  EXPECT_TRUE(asked_for_everything);
  EXPECT_EQ(running(), v(4));
}

TEST_F(WatchClientTest, FollowsANewEpoch) {
  connect();
  snapshot(v(5), ab_);

  snapshot(v(1, 2), a_);

  EXPECT_EQ(running(), v(1, 2));
}

TEST_F(WatchClientTest, WaitsAsLongAsItIsTold) {
  connect();

  channel_.say(WatchRetryAfter{60s});
  scheduler_.advance(45s);
  size_t before = channel_.dialled.size();
  scheduler_.advance(30s);

  EXPECT_EQ(before, 1U);
  EXPECT_EQ(channel_.dialled.size(), 2U);
}

TEST_F(WatchClientTest, GoesToTheNextReplicaWhenOneDrains) {
  connect();

  channel_.say(WatchDrain{});
  scheduler_.advance(1001ms);

  EXPECT_EQ(channel_.dialled, (std::vector<size_t>{0, 1}));
}

TEST_F(WatchClientTest, EndsAStreamThatTalksNonsense) {
  connect();

  channel_.observer->on_line("{\"surprise\":{}}");
  run();

  EXPECT_EQ(client_.status().state, WatchState::kBackoff);
  EXPECT_EQ(channel_.observer, nullptr);
}

TEST_F(WatchClientTest, ThrowsAnUnfinishedBatchAway) {
  connect();
  channel_.say(WatchBegin{BatchKind::kSnapshot, std::nullopt, v(1)});
  channel_.say(WatchPut{b_.front().key, b_.front().json});

  snapshot(v(2), a_);

  EXPECT_EQ(running(), v(2));
  EXPECT_FALSE(holds_service(*client_.snapshots().current(), service("b")));
}

TEST_F(WatchClientTest, WritesTheLastGoodSnapshotOnceForVersionsInARow) {
  connect();
  snapshot(v(1), a_);
  snapshot(v(2), ab_);

  scheduler_.advance(1s);

  EXPECT_EQ(worker_.stores, 1);
  EXPECT_TRUE(BatchApplier().restore(worker_.disk));
}

TEST_F(WatchClientTest, StartsFromDiskBeforeAnybodyAnswers) {
  BatchApplier earlier;
  WatchBatch batch{{BatchKind::kSnapshot, std::nullopt, v(7)}, {}, {v(7), hash_of(ab_)}, 0};
  for (const Resource& r : ab_) batch.lines.push_back(encode_put(r.key.text(), r.json));
  for (std::string& line : batch.lines) line.pop_back();
  ASSERT_NE(earlier.apply(batch).snapshot, nullptr);
  worker_.disk = earlier.last_good_text({service("b")});

  connect();

  EXPECT_EQ(running(), v(7));
  EXPECT_TRUE(client_.status().from_disk);
  EXPECT_EQ(last_hello().version, v(7));
  EXPECT_EQ(last_hello().wants, (std::vector{service("a"), service("b")}));
}

TEST_F(WatchClientTest, IgnoresACorruptFileAndConnects) {
  worker_.disk = "{\"want\":";

  connect();

  EXPECT_EQ(client_.snapshots().current(), nullptr);
  EXPECT_EQ(channel_.heard_of<WatchHello>().size(), 1U);
}

TEST_F(WatchClientTest, AnswersAWantWhenTheServiceArrives) {
  connect();
  snapshot(v(1), a_);
  std::optional<Result<void>> answer;
  Pending token = client_.want(service("b"), [&](Result<void> r) { answer = std::move(r); });
  run();
  ASSERT_EQ(channel_.heard_of<WatchWant>().back().add, std::vector{service("b")});
  ASSERT_FALSE(answer);

  batch(BatchKind::kDelta, v(2), b_, hash_of(ab_));

  ASSERT_TRUE(answer);
  EXPECT_TRUE(*answer);
}

TEST_F(WatchClientTest, AnswersAWantForAnUnknownService) {
  connect();
  std::optional<Result<void>> answer;
  Pending token = client_.want(service("ghost"), [&](Result<void> r) { answer = std::move(r); });
  run();

  channel_.say(WatchUnknown{{service("ghost")}});

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().reason, Reason::kServiceUnknown);
}

TEST_F(WatchClientTest, LetsAWantWaitThreeSeconds) {
  connect();
  std::optional<Result<void>> answer;
  Pending token = client_.want(service("slow"), [&](Result<void> r) { answer = std::move(r); });

  scheduler_.advance(2999ms);
  bool early = answer.has_value();
  scheduler_.advance(1ms);

  EXPECT_FALSE(early);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().reason, Reason::kPendingTimeout);
}

TEST_F(WatchClientTest, LetsAtMost128RequestsWait) {
  connect();
  std::vector<Pending> tokens;
  std::optional<Result<void>> last;
  for (size_t i = 0; i < WantWaiters::kMax; ++i) tokens.push_back(client_.want(service("x"), [](Result<void>) {}));

  tokens.push_back(client_.want(service("x"), [&](Result<void> r) { last = std::move(r); }));
  run();

  ASSERT_TRUE(last);
  EXPECT_EQ(last->error().reason, Reason::kPendingOverflow);
}

TEST_F(WatchClientTest, IsSilentToAWantThatIsGone) {
  connect();
  bool answered = false;
  Pending token = client_.want(service("ghost"), [&](Result<void>) { answered = true; });

  token.reset();
  channel_.say(WatchUnknown{{service("ghost")}});
  scheduler_.advance(4s);

  EXPECT_FALSE(answered);
}

TEST(WatchClientAcks, WaitForTheWorkersWhenTheyShall) {
  ManualScheduler scheduler;
  SeededRandom random;
  ScriptedChannel channel;
  LocalWorker worker(scheduler);
  WatchClient client(scheduler, random, Logger{}, channel, worker, {"n", "s", {}, AckWhen::kWorkersRun});
  client.start();
  scheduler.advance(1ms);
  channel.observer->on_open();
  channel.say(WatchBegin{BatchKind::kSnapshot, std::nullopt, v(1)});
  channel.say(WatchEnd{v(1), std::string(kNothing)});
  scheduler.advance(1ms);
  size_t before = channel.heard_of<WatchAck>().size();

  client.workers_run(v(1));

  EXPECT_EQ(before, 0U);
  EXPECT_EQ(channel.heard_of<WatchAck>(), std::vector{WatchAck{v(1)}});
}
}  // namespace
}  // namespace heddle
