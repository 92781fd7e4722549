#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
class WatchTimeTest : public WatchHubTest {
 protected:
  // The sidecar holds what there was, and refuses the change of a backend set.
  void refuse_a_change() {
    sidecar_.start(*hub_);
    sidecar_.settle(*hub_);
    put(backend_set("a", "9"));
    flush();
    ASSERT_TRUE(sidecar_.read(*hub_));
    hub_->on_message(*sidecar_.subscriber_, sidecar_.replica_.nack());
  }
};

TEST_F(WatchTimeTest, BeatsEveryFiveSecondsWithVersionAndTime) {
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

TEST_F(WatchTimeTest, ASidecarThatNeverAnswersIsDropped) {
  sidecar_.start(*hub_);

  scheduler_.advance(25s);
  EXPECT_FALSE(sidecar_.closed_.has_value());
  scheduler_.advance(10s);

  ASSERT_TRUE(sidecar_.closed_.has_value());
  EXPECT_EQ(sidecar_.closed_->reason, Reason::kTimeout);
}

TEST_F(WatchTimeTest, DrainIsToldOnceAndNeverInsideABatch) {
  WatchingSidecar slow("n2");
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

TEST_F(WatchTimeTest, WaitsUntilEverySidecarRunsTheVersion) {
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

TEST_F(WatchTimeTest, AVersionThatChangesNothingForASidecarRunsThereWithoutAMessage) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  put(backend_set("b", "9"));
  EXPECT_FALSE(hub_->is_reached(store_->version()));
  flush();

  EXPECT_TRUE(hub_->is_reached(store_->version()));
  EXPECT_TRUE(sidecar_.lines_.empty());
}

TEST_F(WatchTimeTest, AWaitThatIsSatisfiedAlreadyAnswersLaterNotInside) {
  int calls = 0;
  Pending wait = hub_->wait({1, 1}, 1min, [&calls](WaitResult) { ++calls; });
  EXPECT_EQ(calls, 0);

  scheduler_.advance(0ms);

  EXPECT_EQ(calls, 1);
}

TEST_F(WatchTimeTest, AWaitEndsWithWhoIsBehind) {
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
  EXPECT_EQ(result->behind[0].key.node, "n1");
  EXPECT_EQ(result->behind[0].unanswered, 20s - 10ms);
}

TEST_F(WatchTimeTest, AWaitEndsAtOnceWhenASidecarRefusesTheVersion) {
  std::optional<WaitResult> result;
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  put(backend_set("a", "9"));
  Pending wait = hub_->wait(store_->version(), 20s, [&result](WaitResult r) { result = std::move(r); });
  flush();
  ASSERT_TRUE(sidecar_.read(*hub_));
  EXPECT_FALSE(result.has_value());

  hub_->on_message(*sidecar_.subscriber_, sidecar_.replica_.nack());

  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->end, WaitResult::End::kRefused);
  ASSERT_EQ(result->behind.size(), 1U);
  ASSERT_TRUE(result->behind[0].nack.has_value());
  EXPECT_EQ(result->behind[0].nack->errors[0].path, "spec");
  EXPECT_EQ(result->behind[0].runs, (Version{1, 4}));
}

TEST_F(WatchTimeTest, AVersionThatMendsWhatWasRefusedIsWaitedFor) {
  std::optional<WaitResult> result;
  ASSERT_NO_FATAL_FAILURE(refuse_a_change());
  put(backend_set("a", "10"));
  Pending wait = hub_->wait(store_->version(), 20s, [&result](WaitResult r) { result = std::move(r); });
  scheduler_.advance(0ms);
  EXPECT_FALSE(result.has_value()) << "what it refused is another version";

  scheduler_.advance(2s);
  sidecar_.settle(*hub_);

  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->end, WaitResult::End::kReached);
}

// Another team's version: it was not refused, and its author is not to blame. Who lags because of the older one is
// named.
TEST_F(WatchTimeTest, AVersionThatLeavesWhatWasRefusedIsNotTheOneThatWasRefused) {
  std::optional<WaitResult> result;
  ASSERT_NO_FATAL_FAILURE(refuse_a_change());
  put(backend_set("b", "10"));
  Pending wait = hub_->wait(store_->version(), 20s, [&result](WaitResult r) { result = std::move(r); });

  flush();
  EXPECT_FALSE(result.has_value());
  scheduler_.advance(20s);

  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->end, WaitResult::End::kTimeout);
  ASSERT_EQ(result->behind.size(), 1U);
  EXPECT_EQ(result->behind[0].state, NodeState::kRefused);
  EXPECT_TRUE(result->behind[0].refused_before);
  EXPECT_EQ(result->behind[0].nack->version, (Version{1, 5}));
}

TEST_F(WatchTimeTest, AVersionThatBringsBackWhatWasRefusedIsRefused) {
  std::optional<WaitResult> result;
  ASSERT_NO_FATAL_FAILURE(refuse_a_change());
  put(backend_set("a"));
  flush();
  ASSERT_TRUE(hub_->is_reached(store_->version()));
  put(backend_set("a", "9"));
  Pending wait = hub_->wait(store_->version(), 20s, [&result](WaitResult r) { result = std::move(r); });

  flush();

  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->end, WaitResult::End::kRefused);
  ASSERT_EQ(result->behind.size(), 1U);
  EXPECT_FALSE(result->behind[0].refused_before);
}

TEST_F(WatchTimeTest, SidecarsThatShouldHoldAndHoldTheSameAreOneGroup) {
  WatchingSidecar twin("n2");
  twin.wants_ = sidecar_.wants_;
  for (WatchingSidecar* one : {&sidecar_, &twin}) {
    one->start(*hub_);
    one->settle(*hub_);
  }
  ASSERT_EQ(hub_->holders().size(), 1U);
  EXPECT_EQ(hub_->holders()[0].sidecars, 2U);

  put(backend_set("a", "9"));
  flush();
  twin.settle(*hub_);

  EXPECT_EQ(hub_->holders().size(), 2U);
  for (const HolderGroup& group : hub_->holders()) EXPECT_EQ(group.held == group.target, group.example.node == "n2");
}

TEST_F(WatchTimeTest, ADestroyedWaitNeverAnswers) {
  int calls = 0;
  Pending wait = hub_->wait({1, 1}, 1min, [&calls](WaitResult) { ++calls; });

  wait.reset();
  scheduler_.advance(2min);

  EXPECT_EQ(calls, 0);
}
}  // namespace
}  // namespace heddle
