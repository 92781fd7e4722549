#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

#include "lib/event/latest.h"
#include "lib/event/loop.h"
#include "lib/event/loop_thread.h"
#include "lib/event/offload.h"

namespace heddle {
namespace {

TEST(LoopThreads, PostsOfOneThreadArriveInOrder) {
  Loop loop;
  std::vector<int> seen;
  std::vector<int> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);

  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.post([&seen, i] { seen.push_back(i); });
  });
  loop.run_until([&] { return seen.size() == 1000; });
  other.join();

  EXPECT_EQ(seen, expected);
}

TEST(LoopThreads, EveryPostOfManyThreadsArrives) {
  Loop loop;
  int seen = 0;
  auto post_many = [&] {
    for (int i = 0; i < 500; ++i) loop.post([&seen] { ++seen; });
  };

  std::thread a(post_many), b(post_many);
  loop.run_until([&] { return seen == 1000; });
  a.join();
  b.join();

  EXPECT_EQ(seen, 1000);
}

TEST(LoopThreads, ALoopThreadRunsWhatIsPostedBeforeItEnds) {
  std::atomic<int> seen{0};
  {
    LoopThread worker("worker");
    for (int i = 0; i < 100; ++i) worker.loop().post([&] { ++seen; });
  }

  EXPECT_EQ(seen, 100);
}

TEST(LoopThreads, TheLoopKnowsWhoRunsIt) {
  Loop main_loop;
  LoopThread worker("worker");
  std::optional<bool> there;

  worker.loop().post([&] {
    bool is_there = worker.loop().is_current();
    main_loop.post([&there, is_there] { there = is_there; });
  });
  main_loop.run_until([&] { return there.has_value(); });

  EXPECT_TRUE(*there);
  EXPECT_TRUE(main_loop.is_current());
}

TEST(LoopThreads, TwoLoopsPlayPingPong) {
  Loop home;
  LoopThread away("away");
  int rounds = 0;
  UniqueFunction<void()> serve = [&] {
    away.loop().post([&] {
      home.post([&] {
        if (++rounds < 200) serve();
      });
    });
  };

  serve();
  home.run_until([&] { return rounds == 200; });

  EXPECT_EQ(rounds, 200);
}

TEST(LatestThreads, TheNewestValueArrivesAndNothingGoesBack) {
  Loop loop;
  Latest<int> latest;
  std::vector<int> seen;
  auto subscription = latest.subscribe(loop, [&](std::shared_ptr<const int> v) { seen.push_back(*v); });

  std::thread publisher([&] {
    for (int i = 1; i <= 2000; ++i) latest.publish(std::make_shared<const int>(i));
  });
  loop.run_until([&] { return !seen.empty() && seen.back() == 2000; });
  publisher.join();

  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(LatestThreads, SubscribersComeAndGoWhileAnotherThreadPublishes) {
  Loop loop;
  Latest<int> latest;
  int heard = 0;

  std::atomic<bool> done{false};
  std::thread publisher([&] {
    for (int i = 1; !done; ++i) latest.publish(std::make_shared<const int>(i));
  });
  for (int i = 0; i < 50; ++i) {
    int before = heard;
    auto subscription = latest.subscribe(loop, [&](std::shared_ptr<const int>) { ++heard; });
    loop.run_until([&] { return heard > before; });
  }
  done = true;
  publisher.join();

  EXPECT_GE(heard, 50);
}

TEST(OffloadThreads, WorksElsewhereAndAnswersHere) {
  Loop loop;
  Offload offload(loop);
  std::thread::id worked_on;
  std::optional<int> answer;

  Pending pending = offload.compute(
      [&worked_on] {
        worked_on = std::this_thread::get_id();
        return 42;
      },
      [&](int value) { answer = value; });
  loop.run();

  EXPECT_EQ(answer, 42);
  EXPECT_NE(worked_on, std::this_thread::get_id());
}

TEST(OffloadThreads, ACancelledCallIsSilentEvenIfItsWorkRuns) {
  Loop loop;
  Offload offload(loop);
  std::atomic<bool> started{false};
  std::atomic<bool> may_end{false};
  Pending pending = offload.run(
      [&] {
        started = true;
        while (!may_end) std::this_thread::yield();
      },
      [] { FAIL() << "heard"; });

  while (!started) std::this_thread::yield();
  pending.reset();
  may_end = true;
  loop.run();

  SUCCEED();
}

TEST(OffloadThreads, TheTokenMayDieInsideItsAnswer) {
  Loop loop;
  Offload offload(loop);
  Pending pending;
  bool heard = false;
  pending = offload.run([] {},
                        [&] {
                          pending.reset();
                          heard = true;
                        });

  loop.run();

  EXPECT_TRUE(heard);
}

TEST(OffloadThreads, ALoopWaitsForItsWorkBeforeItDies) {
  std::atomic<bool> may_end{false};
  std::atomic<bool> ended{false};
  std::thread releaser([&] { may_end = true; });
  {
    Loop loop;
    Offload offload(loop);
    std::atomic<bool> started{false};
    Pending pending = offload.run(
        [&] {
          started = true;
          while (!may_end) std::this_thread::yield();
          ended = true;
        },
        [] {});
    while (!started) std::this_thread::yield();
  }
  releaser.join();

  EXPECT_TRUE(ended);
}
}  // namespace
}  // namespace heddle
