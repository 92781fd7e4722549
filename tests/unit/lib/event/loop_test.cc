#include "lib/event/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace heddle {
namespace {
using testing::ElementsAre;

class Note final : public Deferred {
 public:
  Note(std::vector<std::string>& log, std::string name) : log_(log), name_(std::move(name)) {}
  UniqueFunction<void()> then;

 private:
  void on_deferred() override {
    log_.push_back(name_);
    if (then) then();
  }
  std::vector<std::string>& log_;
  std::string name_;
};

class Mortal final : public Retirable {
 public:
  Mortal(std::vector<std::string>& log, std::string name) : log_(log), name_(std::move(name)) {}
  ~Mortal() override { log_.push_back(name_); }

 private:
  std::vector<std::string>& log_;
  std::string name_;
};

class Alarm final : public Deadline {
 public:
  explicit Alarm(UniqueFunction<void()> f) : f_(std::move(f)) {}

 private:
  void on_deadline() override { f_(); }
  UniqueFunction<void()> f_;
};

TEST(Loop, RunReturnsWhenNothingKeepsItAlive) {
  Loop loop;

  loop.run();

  SUCCEED();
}

TEST(Loop, RunsPostedTasksInOrder) {
  Loop loop;
  std::vector<int> seen;
  loop.post([&] { seen.push_back(1); });
  loop.post([&] { seen.push_back(2); });

  loop.run();

  EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST(Loop, RunsATaskThatATaskPosted) {
  Loop loop;
  std::vector<int> seen;
  loop.post([&] { loop.post([&] { seen.push_back(2); }); });

  loop.run();

  EXPECT_THAT(seen, ElementsAre(2));
}

TEST(Loop, StopEndsRunWhileATimerIsStillArmed) {
  Loop loop;
  auto timer = loop.timer([] { FAIL() << "fired"; });
  timer->arm(1h);
  loop.stop();

  loop.run();

  SUCCEED();
}

TEST(Loop, RunUntilDoesNotSleepOnceTheEndOfTheTurnMadeItTrue) {
  Loop loop;
  std::vector<std::string> log;
  Note first(log, "first");
  auto timer = loop.timer([&] { loop.defer(first); });
  auto far = loop.timer([&] { log.push_back("slept"); });
  timer->arm(1ms);
  far->arm(10s);

  loop.run_until([&] { return !log.empty(); });

  EXPECT_THAT(log, ElementsAre("first"));
}

TEST(Loop, RunsDeferredObjectsInTheOrderOfTheirPhases) {
  Loop loop;
  std::vector<std::string> log;
  Note task(log, "task"), tcp(log, "tcp"), tls(log, "tls"), session(log, "session");
  loop.defer(task, Loop::Phase::kTask);
  loop.defer(tcp, Loop::Phase::kTcp);
  loop.defer(tls, Loop::Phase::kTls);
  loop.defer(session, Loop::Phase::kSession);

  loop.run();

  EXPECT_THAT(log, ElementsAre("session", "tls", "tcp", "task"));
}

TEST(Loop, AWriteThatASessionMakesLeavesInTheSameRound) {
  Loop loop;
  std::vector<std::string> log;
  Note tcp(log, "tcp"), task(log, "task"), session(log, "session");
  session.then = [&] { loop.defer(tcp, Loop::Phase::kTcp); };
  loop.defer(task, Loop::Phase::kTask);
  loop.defer(session, Loop::Phase::kSession);

  loop.run();

  EXPECT_THAT(log, ElementsAre("session", "tcp", "task"));
}

TEST(Loop, DeferringTwiceIsOneRun) {
  Loop loop;
  std::vector<std::string> log;
  Note note(log, "once");
  loop.defer(note);
  loop.defer(note);

  loop.run();

  EXPECT_THAT(log, ElementsAre("once"));
}

TEST(Loop, ADestroyedDeferredDoesNotRun) {
  Loop loop;
  std::vector<std::string> log;
  auto note = std::make_unique<Note>(log, "dead");
  loop.defer(*note);
  note.reset();

  loop.run();

  EXPECT_THAT(log, ElementsAre());
}

TEST(Loop, WorkThatDefersItselfForEverDoesNotStarveTimers) {
  Loop loop;
  std::vector<std::string> log;
  Note again(log, "again");
  bool fired = false;
  auto timer = loop.timer([&] {
    fired = true;
    again.cancel_deferred();
  });
  again.then = [&] {
    if (log.size() == static_cast<size_t>(Loop::kMaxRounds) + 1) timer->arm(5ms);  // in a later turn than the first
    loop.defer(again);
  };
  loop.defer(again);

  loop.run();

  EXPECT_TRUE(fired);
  EXPECT_GT(log.size(), static_cast<size_t>(Loop::kMaxRounds));
}

TEST(Loop, RetiredObjectsDieAfterTheDeferredLists) {
  Loop loop;
  std::vector<std::string> log;
  auto mortal = std::make_unique<Mortal>(log, "dead");
  Note note(log, "deferred");
  loop.retire(*mortal.release());
  loop.defer(note);

  loop.run();

  EXPECT_THAT(log, ElementsAre("deferred", "dead"));
}

TEST(Loop, AnObjectMayRetireItselfInItsOwnCallback) {
  Loop loop;
  std::vector<std::string> log;
  auto owner = std::make_unique<Mortal>(log, "dead");
  auto timer = loop.timer([&] {
    loop.retire(*owner.release());
    log.push_back("callback ends");
  });
  timer->arm(0ms);

  loop.run();

  EXPECT_THAT(log, ElementsAre("callback ends", "dead"));
}

TEST(Loop, ATimerFiresOnceAndNotEarly) {
  Loop loop;
  int fired = 0;
  auto timer = loop.timer([&] { ++fired; });
  MonoTime start = loop.now();
  timer->arm(3ms);

  loop.run();

  EXPECT_EQ(fired, 1);
  EXPECT_GE(loop.now() - start, 3ms);
}

TEST(Loop, ATimerMayDestroyItselfInItsTask) {
  Loop loop;
  std::unique_ptr<Timer> timer;
  std::string captured = "a string that is too long for the small string buffer";
  std::string seen;
  timer = loop.timer([&, captured] {
    timer.reset();
    seen = captured;
  });
  timer->arm(0ms);

  loop.run();

  EXPECT_EQ(seen, captured);
}

TEST(Loop, ATimerMayArmItselfAgain) {
  Loop loop;
  int fired = 0;
  std::unique_ptr<Timer> timer;
  timer = loop.timer([&] {
    if (++fired < 3) timer->arm(0ms);
  });
  timer->arm(0ms);

  loop.run();

  EXPECT_EQ(fired, 3);
}

// Who works on in slices wants what it wrote to leave between them.
TEST(Loop, ATimerForNowThatATimerArmsFiresInALaterTurn) {
  Loop loop;
  std::vector<std::string> log;
  Note written(log, "written");
  std::unique_ptr<Timer> timer;
  timer = loop.timer([&] {
    log.push_back("slice");
    loop.defer(written, Loop::Phase::kSession);
    if (log.size() < 4) timer->arm(0ms);
  });
  timer->arm(0ms);

  loop.run();

  EXPECT_THAT(log, ElementsAre("slice", "written", "slice", "written", "slice", "written"));
}

TEST(Loop, ACancelledTimerNeverFires) {
  Loop loop;
  auto timer = loop.timer([] { FAIL() << "fired"; });
  timer->arm(0ms);
  timer->cancel();

  loop.run();

  SUCCEED();
}

TEST(Loop, DrivesTheWheel) {
  Loop loop;
  MonoTime start = loop.now();
  MonoTime fired_at;
  bool fired = false;
  Alarm alarm([&] {
    fired = true;
    fired_at = loop.now();
  });
  alarm.arm(loop, 20ms);

  loop.run_until([&] { return fired; });

  EXPECT_GE(fired_at - start, 20ms);
}

TEST(Loop, ADeadlineThatIsArmedEarlierThanTheOthersIsNotOverslept) {
  Loop loop;
  bool fired = false;
  Alarm late([] { FAIL() << "an hour passed"; });
  Alarm soon([&] { fired = true; });
  late.arm(loop, 1h);
  auto timer = loop.timer([&] { soon.arm(loop, 20ms); });
  timer->arm(1ms);

  loop.run_until([&] { return fired; });

  EXPECT_TRUE(fired);
}

TEST(Loop, ADeadlineAloneDoesNotKeepTheLoopAlive) {
  Loop loop;
  Alarm alarm([] { FAIL() << "fired"; });
  alarm.arm(loop, 1h);

  loop.run();

  EXPECT_TRUE(alarm.is_armed());
}

TEST(Loop, NowStandsStillWithinATurn) {
  Loop loop;
  Duration passed{1};
  uint64_t spun_until = 0;
  loop.post([&] {
    MonoTime before = loop.now();
    uint64_t start = uv_hrtime();
    while ((spun_until = uv_hrtime()) < start + 2'000'000) {
    }
    passed = loop.now() - before;
  });

  loop.run();

  EXPECT_EQ(passed, Duration{});
}

TEST(Loop, NowMovesBetweenTurns) {
  Loop loop;
  MonoTime first, second;
  auto timer = loop.timer([&] { second = loop.now(); });
  loop.post([&] {
    first = loop.now();
    timer->arm(5ms);
  });

  loop.run();

  EXPECT_GE(second - first, 5ms);
}

TEST(Loop, RefusesPostsOnceItIsBeingDestroyedAndDropsWhatWaits) {
  auto witness = std::make_shared<int>(0);
  bool accepted = true;
  auto loop = std::make_unique<Loop>();
  struct PostsWhenItDies {
    Loop* loop;
    bool* accepted;
    explicit PostsWhenItDies(Loop* l, bool* a) : loop(l), accepted(a) {}
    PostsWhenItDies(PostsWhenItDies&& o) noexcept : loop(std::exchange(o.loop, nullptr)), accepted(o.accepted) {}
    ~PostsWhenItDies() {
      if (loop != nullptr) *accepted = loop->post([] {});
    }
  };
  loop->post([witness, poster = PostsWhenItDies(loop.get(), &accepted)] { FAIL() << "ran"; });

  loop.reset();

  EXPECT_FALSE(accepted);
  EXPECT_EQ(witness.use_count(), 1);
}

TEST(Loop, RunsTheListsEarlyWhenTheTurnIsCrowded) {
  Loop loop;
  std::vector<std::string> log;
  std::vector<std::unique_ptr<Note>> notes;
  for (size_t i = 0; i < Loop::kCrowded; ++i) loop.defer(*notes.emplace_back(std::make_unique<Note>(log, "x")));

  loop.turn_if_crowded();

  EXPECT_EQ(log.size(), Loop::kCrowded);
}

TEST(LoopDeathTest, NamesTheHandleThatLeaked) {
  auto leak = [] {
    UvHandle<uv_timer_t> handle;
    Loop loop;
    handle = make_uv<uv_timer_t>(nullptr, [&](uv_timer_t* h) { return uv_timer_init(loop.raw(), h); });
  };

  EXPECT_DEATH(leak(), "a loop ends with an open timer handle");
}
}  // namespace
}  // namespace heddle
