// OutlierSweeper on manual time: what is judged at the end of an interval, and what is told of an ejection.
#include "proxy/upstream/outlier_sweeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "proxy/upstream/endpoint_tls.h"
#include "tests/support/captured_log.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

class OutlierSweeperTest : public testing::Test {
 protected:
  void apply(std::string_view outlier, size_t endpoints = 6) {
    std::string yaml =
        "apiVersion: heddle.dev/v1\nkind: BackendSet\nmetadata: {name: s}\nspec:\n  tls: plaintext\n"
        "  endpoints:\n";
    for (size_t i = 0; i < endpoints; ++i)
      yaml += str_cat("  - {address: 10.0.0.", std::to_string(i + 1), ", port: 80}\n");
    if (!outlier.empty()) {
      yaml += str_cat("---\napiVersion: heddle.dev/v1\nkind: HealthPolicy\nmetadata: {name: p}\nspec:\n",
                      "  targetRefs: [{name: s}]\n  outlier: ", outlier, "\n");
    }
    snapshot = snapshot_of(yaml);
    sweeper.apply(*snapshot);
  }
  // As the first request of a worker does.
  void use() {
    group = table.outliers().get({Kind::kBackendSet, "default", "s"});
    cells.clear();
    for (const Endpoint& endpoint : snapshot->backend_sets()[0]->spec->endpoints) {
      cells.push_back(group->get(endpoint.key, table.get(health_key(endpoint.key)), true));
    }
  }
  void report(size_t index, int successes, int errors) {
    OutlierSpec spec;
    spec.consecutive_errors = 0;
    for (int i = 0; i < successes; ++i) (void)cells[index]->count(OutlierOutcome::kSuccess, spec);
    for (int i = 0; i < errors; ++i) (void)cells[index]->count(OutlierOutcome::kError, spec);
  }
  void report_one_sick() {
    for (size_t i = 0; i < cells.size(); ++i) report(i, i == 2 ? 50 : 100, i == 2 ? 50 : 0);
  }
  bool eject(size_t index) {
    return group->eject(*cells[index], {EjectionCause::kConsecutiveErrors, 5, 0}, {}, scheduler.now(), 0);
  }
  int lines(const std::string& what) {
    int count = 0;
    for (const std::string& line : log.lines()) count += line.find(what) != std::string::npos ? 1 : 0;
    return count;
  }

  ManualScheduler scheduler;
  SeededRandom random;
  HealthTable table;
  Registry metrics;
  CapturedLog log;
  OutlierSweeper sweeper{{scheduler, table, random, metrics, log.log().module("outlier")}};
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<OutlierGroup> group;
  std::vector<std::shared_ptr<OutlierEndpoint>> cells;
};

TEST_F(OutlierSweeperTest, JudgesSuccessRatesAtTheEndOfTheInterval) {
  apply("{successRate: {}, interval: 10s}");
  use();
  report_one_sick();

  scheduler.advance(9s);
  EXPECT_TRUE(cells[2]->is_in());
  scheduler.advance(1s);

  EXPECT_FALSE(cells[2]->is_in());
  EXPECT_EQ(cells[2]->why().cause, EjectionCause::kSuccessRate);
  EXPECT_EQ(group->ejected(), 1U);
}

TEST_F(OutlierSweeperTest, JudgesEachIntervalForItself) {
  apply("{successRate: {}, interval: 10s}");
  use();
  for (int interval = 0; interval < 4; ++interval) {
    report(2, 20, 30);  // fifty requests of the hundred that are needed
    for (size_t i : {0U, 1U, 3U, 4U, 5U}) report(i, 100, 0);
    scheduler.advance(10s);
  }

  EXPECT_TRUE(cells[2]->is_in());
}

TEST_F(OutlierSweeperTest, JudgesLatency) {
  apply("{latency: {factor: 2, minimumRequests: 1}}");
  use();
  for (auto& cell : cells) cell->count_latency(10ms);
  for (int i = 0; i < 5; ++i) cells[4]->count_latency(100ms);

  scheduler.advance(10s);

  EXPECT_FALSE(cells[4]->is_in());
  EXPECT_EQ(cells[4]->why().cause, EjectionCause::kLatency);
}

TEST_F(OutlierSweeperTest, ForgivesWithEachInterval) {
  apply("{interval: 10s}");
  use();
  ASSERT_TRUE(eject(0));
  scheduler.advance(30s);
  OutlierProbe::claim(cells[0], scheduler.now()).succeed();
  EXPECT_EQ(cells[0]->times(), 1U);

  scheduler.advance(10s);

  EXPECT_EQ(cells[0]->times(), 0U);
}

TEST_F(OutlierSweeperTest, TellsOfAnEjectionAndAReturnOnce) {
  apply("{}");
  use();
  ASSERT_TRUE(eject(3));
  scheduler.advance(5s);

  EXPECT_EQ(lines("endpoint is ejected"), 1);
  EXPECT_TRUE(log.contains("5 errors in a row"));
  EXPECT_TRUE(log.contains("consecutive-errors"));
  EXPECT_TRUE(log.contains("10.0.0.4:80"));
  EXPECT_THAT(metrics.render(), HasSubstr("heddle_outlier_ejected{backend_set=\"default/s\"} 1\n"));
  EXPECT_THAT(metrics.render(), HasSubstr("cause=\"consecutive-errors\"} 1\n"));

  scheduler.advance(30s);
  OutlierProbe::claim(cells[3], scheduler.now()).fail({}, scheduler.now(), 0);
  scheduler.advance(60s);
  EXPECT_EQ(lines("endpoint is ejected"), 2);
  EXPECT_THAT(metrics.render(), HasSubstr("cause=\"probe\"} 1\n"));
  OutlierProbe::claim(cells[3], scheduler.now()).succeed();
  scheduler.advance(5s);

  EXPECT_EQ(lines("endpoint is back"), 1);
  EXPECT_THAT(metrics.render(), HasSubstr("heddle_outlier_ejected{backend_set=\"default/s\"} 0\n"));
}

TEST_F(OutlierSweeperTest, CountsWhatTheShareForbade) {
  apply("{}");
  use();
  ASSERT_TRUE(eject(0));
  EXPECT_FALSE(eject(1));
  scheduler.advance(1s);

  EXPECT_THAT(metrics.render(), HasSubstr("heddle_outlier_refused_total{backend_set=\"default/s\"} 1\n"));
}

TEST_F(OutlierSweeperTest, LooksAtNothingWithoutAPolicy) {
  apply("");

  EXPECT_FALSE(scheduler.next_deadline().has_value());
  EXPECT_THAT(metrics.render(), Not(HasSubstr("heddle_outlier_ejected{")));
}

TEST_F(OutlierSweeperTest, StopsWhenThePolicyGoesAndBeginsWhenItComes) {
  apply("{}");
  EXPECT_TRUE(scheduler.next_deadline().has_value());
  apply("");
  EXPECT_FALSE(scheduler.next_deadline().has_value());
  apply("{}");
  use();
  ASSERT_TRUE(eject(0));
  scheduler.advance(1s);

  EXPECT_EQ(lines("endpoint is ejected"), 1);
}
}  // namespace
}  // namespace heddle
