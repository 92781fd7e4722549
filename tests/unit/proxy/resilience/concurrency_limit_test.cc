// The limit before an application that is simulated: requests come by chance, `servers` of it work at once, how long is
// chance, too (M/M/c); who finds none free waits in its queue. Time is simulated, each seed repeats.
#include "proxy/resilience/concurrency_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <queue>
#include <vector>

#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr Duration kPhase = 7s;

struct Load {
  double requests;  // per second
  int servers;
  double speed;  // answers per second, of each
  double most() const { return servers * speed; }
  Duration work() const { return Duration(static_cast<int64_t>(1e9 / speed)); }
};

struct Outcome {
  int refused = 0;
  int in_time = 0;              // answered within ten times the work
  std::vector<Duration> times;  // of answers
  double seconds = 0;
  double goodput() const { return in_time / seconds; }
  Duration percentile(int percent) {
    size_t at = times.size() * static_cast<size_t>(percent) / 100;
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(at), times.end());
    return times[at];
  }
};

class Simulation {
 public:
  enum class Limited : uint8_t { kNo, kYes };
  explicit Simulation(uint64_t seed, Limited limited = Limited::kYes, uint32_t workers = 1)
      : random_(seed), limited_(limited) {
    for (uint32_t i = 0; i < workers; ++i) limits_.emplace_back(ConcurrencyRange{}.share(workers), kPhase);
  }

  Outcome run(Duration stage, const Load& load) {
    Outcome out;
    out.seconds = static_cast<double>(stage.count()) / 1e9;
    MonoTime end = now_ + stage;
    MonoTime next = now_ + draw(load.requests);
    for (;;) {
      begin_work(load);
      bool departs = !working_.empty() && working_.top().done < next;
      MonoTime event = departs ? working_.top().done : next;
      if (event >= end) break;
      now_ = event;
      if (departs) {
        depart(load, out);
      } else {
        arrive(out);
        next = now_ + draw(load.requests);
      }
    }
    now_ = end;
    return out;
  }
  const ConcurrencyLimit& limit() const { return limits_[0]; }
  uint32_t limit_now() { return limits_[0].limit(now_); }

 private:
  struct Request {
    MonoTime came;
    size_t worker = 0;
    ConcurrencyLimit::Ticket ticket{};
    MonoTime done{};
    bool operator>(const Request& other) const { return done > other.done; }
  };
  Duration draw(double rate) { return Duration(static_cast<int64_t>(-std::log(1 - random_.unit()) * 1e9 / rate)); }

  void begin_work(const Load& load) {
    while (!queue_.empty() && working_.size() < static_cast<size_t>(load.servers)) {
      Request request = queue_.front();
      queue_.pop_front();
      request.done = now_ + draw(load.speed);
      working_.push(request);
    }
  }
  void arrive(Outcome& out) {
    size_t worker = limits_.size() == 1 ? 0 : random_.next() % limits_.size();
    ConcurrencyLimit& limit = limits_[worker];
    if (limited_ == Limited::kYes && limit.in_flight() >= limit.limit(now_)) {
      limit.refuse();
      ++out.refused;
      return;
    }
    queue_.push_back({now_, worker, limit.begin(now_)});
  }
  void depart(const Load& load, Outcome& out) {
    Request request = working_.top();
    working_.pop();
    limits_[request.worker].end(request.ticket, ConcurrencyLimit::Ending::kAnswered, now_);
    Duration took = now_ - request.came;
    out.times.push_back(took);
    if (took <= 10 * load.work()) ++out.in_time;
  }

  SeededRandom random_;
  Limited limited_;
  std::vector<ConcurrencyLimit> limits_;  // of each worker
  MonoTime now_;
  std::deque<Request> queue_;
  std::priority_queue<Request, std::vector<Request>, std::greater<>> working_;
};

class ConcurrencyLimitSeeds : public testing::TestWithParam<uint64_t> {};

TEST_P(ConcurrencyLimitSeeds, AtTwiceTheLoadGoodputStaysAndAnswersComeInTime) {
  for (Load app : {Load{160, 4, 20}, Load{1600, 8, 100}, Load{1600, 16, 50}}) {
    Simulation simulation(GetParam());
    simulation.run(5s, app);  // from nothing

    Outcome out = simulation.run(60s, app);

    EXPECT_GE(out.goodput(), 0.8 * app.most()) << app.servers << " servers";
    EXPECT_LT(out.percentile(99), 15 * app.work()) << app.servers << " servers";
    EXPECT_GT(out.refused, 0);
  }
}

// Each has its own limit, by its own answers; together they leave the application as much as one would.
TEST_P(ConcurrencyLimitSeeds, FourWorkersShareOneApplication) {
  for (Load app : {Load{1600, 16, 50}, Load{6400, 64, 50}}) {
    Simulation simulation(GetParam(), Simulation::Limited::kYes, 4);
    simulation.run(5s, app);

    Outcome out = simulation.run(60s, app);

    EXPECT_GE(out.goodput(), 0.8 * app.most()) << app.servers << " servers";
    EXPECT_LT(out.percentile(99), 15 * app.work()) << app.servers << " servers";
  }
}

// What the limit is for: else nobody is answered in time.
TEST_P(ConcurrencyLimitSeeds, WithoutALimitGoodputIsGone) {
  Load app{1600, 16, 50};
  Simulation simulation(GetParam(), Simulation::Limited::kNo);
  simulation.run(5s, app);

  EXPECT_LT(simulation.run(60s, app).goodput(), 0.1 * app.most());
}

TEST_P(ConcurrencyLimitSeeds, AtLowLoadNobodyIsRefused) {
  for (Load app : {Load{40, 1, 100}, Load{40, 4, 20}, Load{500, 8, 100}, Load{1900, 64, 50}, Load{4, 8, 1}}) {
    Simulation simulation(GetParam());

    Outcome out = simulation.run(120s, app);

    EXPECT_EQ(out.refused, 0) << app.servers << " servers";
    EXPECT_GE(simulation.limit_now(), 100U);
  }
}

TEST_P(ConcurrencyLimitSeeds, FollowsAnApplicationThatLosesServersAndGetsThemBack) {
  Load whole{1200, 16, 50};
  Load part{1200, 4, 50};
  Simulation simulation(GetParam());
  simulation.run(60s, whole);

  simulation.run(5s, part);
  Outcome less = simulation.run(55s, part);
  uint32_t low = simulation.limit_now();
  simulation.run(5s, whole);
  Outcome again = simulation.run(55s, whole);

  EXPECT_GE(less.goodput(), 0.8 * part.most());
  EXPECT_LT(less.percentile(99), 12 * part.work());
  EXPECT_LT(low, 30U);
  EXPECT_GE(again.goodput(), 0.8 * whole.most());
  EXPECT_LT(again.percentile(99), 10 * whole.work());
}

// Every answer takes four times as long now: no queue, so that is what is usual from now on.
TEST_P(ConcurrencyLimitSeeds, LearnsAnewWhatIsUsual) {
  Load fast{1200, 16, 50};
  Load slow{1200, 16, 12.5};
  Simulation simulation(GetParam());
  simulation.run(60s, fast);
  Duration before = simulation.limit().base();

  simulation.run(60s, slow);
  Outcome slowed = simulation.run(60s, slow);
  Duration after = simulation.limit().base();
  simulation.run(40s, fast);

  EXPECT_GT(after, 2 * before);
  EXPECT_GE(slowed.goodput(), 0.7 * slow.most());
  EXPECT_LT(simulation.limit().base(), after / 2);
}

TEST_P(ConcurrencyLimitSeeds, APeakOfLoadLeavesNoTrace) {
  Load low{400, 16, 50};
  Load peak{1600, 16, 50};
  Simulation simulation(GetParam());
  EXPECT_EQ(simulation.run(60s, low).refused, 0);
  EXPECT_GE(simulation.run(60s, peak).goodput(), 0.8 * peak.most());
  simulation.run(2s, low);

  EXPECT_EQ(simulation.run(60s, low).refused, 0);
}
INSTANTIATE_TEST_SUITE_P(Seeds, ConcurrencyLimitSeeds, testing::Values(1, 2, 3));

// By hand.
class Driver {
 public:
  explicit Driver(ConcurrencyRange range) : limit(range, kPhase) {}
  // So many at once that each take so long; what is above the limit is refused.
  void round(uint32_t at_once, Duration took, ConcurrencyLimit::Ending ending = ConcurrencyLimit::Ending::kAnswered) {
    std::vector<ConcurrencyLimit::Ticket> tickets;
    for (uint32_t i = 0; i < at_once; ++i) {
      if (limit.in_flight() < limit.limit(now)) {
        tickets.push_back(limit.begin(now));
      } else {
        limit.refuse();
      }
    }
    now = now + took;
    for (const auto& ticket : tickets) limit.end(ticket, ending, now);
  }
  void rounds(int count, uint32_t at_once, Duration took) {
    for (int i = 0; i < count; ++i) round(at_once, took);
  }
  ConcurrencyLimit limit;
  MonoTime now{1h};
};

TEST(ConcurrencyLimit, IsDividedAmongWorkersAndRoundedUp) {
  ConcurrencyRange whole{3, 1000, 100};
  EXPECT_EQ(whole.share(1), whole);
  EXPECT_EQ(whole.share(4), (ConcurrencyRange{1, 250, 25}));
  EXPECT_EQ(whole.share(7), (ConcurrencyRange{1, 143, 15}));
  EXPECT_EQ(whole.share(0), whole);
}

TEST(ConcurrencyLimit, BeginsWithinItsRange) {
  EXPECT_EQ(ConcurrencyLimit({3, 1000, 100}).limit(MonoTime{}), 100U);
  EXPECT_EQ(ConcurrencyLimit({3, 20, 100}).limit(MonoTime{}), 20U);
  EXPECT_EQ(ConcurrencyLimit({300, 1000, 100}).limit(MonoTime{}), 300U);
}

TEST(ConcurrencyLimit, GrowsWhereMoreIsAskedAndAnswersStayFast) {
  Driver driver({3, 150, 100});
  driver.rounds(20, 10, 20ms);  // what is usual
  ASSERT_EQ(driver.limit.base(), 20ms);
  driver.rounds(100, 200, 20ms);

  EXPECT_EQ(driver.limit.limit(driver.now), 150U);
}

TEST(ConcurrencyLimit, NeverFallsBelowTheLeast) {
  Driver driver({10, 1000, 100});
  driver.rounds(20, 10, 20ms);
  driver.rounds(30, 200, 2s);

  EXPECT_GE(driver.limit.limit(driver.now), 10U);
  EXPECT_LT(driver.limit.limit(driver.now), 30U);
}

TEST(ConcurrencyLimit, StaysWhereNobodyNeedsMoreThanHalfOfIt) {
  Driver driver({3, 1000, 100});
  driver.rounds(20, 10, 20ms);
  driver.rounds(200, 50, 900ms);  // slow, and not for having much to do

  EXPECT_EQ(driver.limit.limit(driver.now), 100U);
}

TEST(ConcurrencyLimit, ErrorsThatComeFastAreNoFastAnswers) {
  Driver driver({3, 1000, 100});
  driver.rounds(20, 10, 100ms);
  for (int i = 0; i < 100; ++i) driver.round(10, 1ms, ConcurrencyLimit::Ending::kFailed);

  EXPECT_EQ(driver.limit.base(), 100ms);
}

TEST(ConcurrencyLimit, WhoGivesUpAfterLongTellsThatItIsSlow) {
  Driver driver({3, 1000, 100});
  driver.rounds(20, 10, 100ms);
  for (int i = 0; i < 5; ++i) driver.round(200, 10s, ConcurrencyLimit::Ending::kFailed);

  EXPECT_LT(driver.limit.limit(driver.now), 60U);
}

TEST(ConcurrencyLimit, AnApplicationThatAnswersNothingKeepsWhatItHas) {
  Driver driver({3, 1000, 100});
  driver.rounds(20, 10, 20ms);
  for (int i = 0; i < 100; ++i) static_cast<void>(driver.limit.begin(driver.now));
  driver.now = driver.now + 1h;

  EXPECT_EQ(driver.limit.limit(driver.now), 100U);
  EXPECT_EQ(driver.limit.in_flight(), 100U);
}

TEST(ConcurrencyLimit, AMeasurementThatHearsNothingEnds) {
  Driver driver({3, 1000, 100});
  driver.rounds(3, 200, 60ms);  // overload, and nothing is known
  ASSERT_TRUE(driver.limit.is_measuring());
  ASSERT_EQ(driver.limit.limit(driver.now), 3U);
  driver.now = driver.now + 20s;
  driver.limit.limit(driver.now);  // the queue had its time, the answers theirs
  driver.now = driver.now + 20s;

  EXPECT_GT(driver.limit.limit(driver.now), 3U);
  EXPECT_EQ(driver.limit.base(), Duration{});
}

TEST(ConcurrencyLimit, AnotherRangeHoldsAtOnceAndKeepsWhatWasLearned) {
  Driver driver({3, 1000, 100});
  driver.rounds(20, 10, 20ms);
  driver.limit.set_range({3, 40, 100});

  EXPECT_EQ(driver.limit.limit(driver.now), 40U);
  EXPECT_EQ(driver.limit.base(), 20ms);
  driver.limit.set_range({200, 300, 200});
  EXPECT_EQ(driver.limit.limit(driver.now), 200U);
}
}  // namespace
}  // namespace heddle
