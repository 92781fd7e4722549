#include "tests/unit/proxy/watch/watch_rig.h"

namespace heddle {
namespace {
using namespace watch_test;
class WatchClientTellsWants : public WatchRig {};

TEST_F(WatchClientTellsWants, AnswersAWantWhenTheServiceArrives) {
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

TEST_F(WatchClientTellsWants, AnswersAWantForAnUnknownService) {
  connect();
  std::optional<Result<void>> answer;
  Pending token = client_.want(service("ghost"), [&](Result<void> r) { answer = std::move(r); });
  run();

  channel_.say(WatchUnknown{{service("ghost")}});

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().reason, Reason::kServiceUnknown);
}

TEST_F(WatchClientTellsWants, LetsAWantWaitThreeSeconds) {
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

TEST_F(WatchClientTellsWants, LetsAtMost128RequestsWait) {
  connect();
  std::vector<Pending> tokens;
  std::optional<Result<void>> last;
  for (size_t i = 0; i < WantWaiters::kMax; ++i) tokens.push_back(client_.want(service("x"), [](Result<void>) {}));

  tokens.push_back(client_.want(service("x"), [&](Result<void> r) { last = std::move(r); }));
  run();

  ASSERT_TRUE(last);
  EXPECT_EQ(last->error().reason, Reason::kPendingOverflow);
}

TEST_F(WatchClientTellsWants, IsSilentToAWantThatIsGone) {
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
  WatchClient client(scheduler, random, Logger{}, {channel, worker}, {"n", "s", {}, AckWhen::kWorkersRun});
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
