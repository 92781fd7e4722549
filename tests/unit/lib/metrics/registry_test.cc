#include "lib/metrics/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

constexpr MetricFamily kRequests{"heddle_test_requests_total", "Requests.", MetricType::kCounter, {"service", "code"}};
constexpr MetricFamily kActive{"heddle_test_active", "Active.", MetricType::kGauge, {"service"}};
constexpr std::array<Duration, 2> kBounds = {10ms, 100ms};
constexpr MetricFamily kLatency{"heddle_test_seconds", "Latency.", MetricType::kHistogram, {"service"}, kBounds};

TEST(MetricRegistry, SumsTheCellsOfAllWorkers) {
  Registry registry;
  MetricScope web = registry.scope().with("service", "web");
  Counter first = web.counter(kRequests, {{"code", "200"}});
  Counter second = web.counter(kRequests, {{"code", "200"}});

  first.add();
  second.add(2);

  EXPECT_THAT(registry.render(), HasSubstr("heddle_test_requests_total{service=\"web\",code=\"200\"} 3\n"));
}

TEST(MetricRegistry, WritesHelpTypeAndSeriesInAFixedOrder) {
  Registry registry;
  auto b = registry.scope().counter(kRequests, {{"service", "b"}});
  auto a = registry.scope().counter(kRequests, {{"service", "a"}});
  auto gauge = registry.scope().gauge(kActive, {{"service", "a"}});
  gauge.set(-3);

  EXPECT_EQ(registry.render(),
            "# HELP heddle_metrics_series_dropped_total Label sets that were counted as \"other\" because their family "
            "was full.\n# TYPE heddle_metrics_series_dropped_total counter\nheddle_metrics_series_dropped_total 0\n"
            "# HELP heddle_test_active Active.\n# TYPE heddle_test_active gauge\n"
            "heddle_test_active{service=\"a\"} -3\n"
            "# HELP heddle_test_requests_total Requests.\n# TYPE heddle_test_requests_total counter\n"
            "heddle_test_requests_total{service=\"a\",code=\"\"} 0\n"
            "heddle_test_requests_total{service=\"b\",code=\"\"} 0\n");
}

TEST(MetricRegistry, CountsHistogramBucketsInclusiveOfTheirBound) {
  Registry registry;
  Histogram latency = registry.scope().histogram(kLatency);

  latency.observe(10ms);
  latency.observe(11ms);
  latency.observe(5s);

  std::string text = registry.render();
  EXPECT_THAT(text, HasSubstr("heddle_test_seconds_count{service=\"\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("heddle_test_seconds_bucket{service=\"\",le=\"0.01\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("heddle_test_seconds_bucket{service=\"\",le=\"0.1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("heddle_test_seconds_bucket{service=\"\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("heddle_test_seconds_sum{service=\"\"} 5.021"));
}

TEST(MetricRegistry, EscapesLabelValues) {
  Registry registry;
  auto counter = registry.scope().counter(kRequests, {{"service", "a\"b\\c\nd"}});

  EXPECT_THAT(registry.render(), HasSubstr(R"(service="a\"b\\c\nd")"));
}

TEST(MetricRegistry, KeepsTheCountOfAReleasedHandleUntilItIsSwept) {
  Registry registry;
  std::optional<Counter> counter = registry.scope().counter(kRequests, {{"service", "web"}});
  counter->add(5);

  counter.reset();
  registry.sweep(MonoTime(0s), 600s);
  EXPECT_THAT(registry.render(), HasSubstr("heddle_test_requests_total{service=\"web\",code=\"\"} 5\n"));
  registry.sweep(MonoTime(600s), 600s);

  EXPECT_THAT(registry.render(), Not(HasSubstr("heddle_test_requests_total")));
}

TEST(MetricRegistry, CellsSideBySideCountEachForItself) {
  Registry registry;
  MetricScope web = registry.scope().with("service", "web").side_by_side();
  std::vector<Counter> counters;
  counters.reserve(6);
  for (int i = 0; i < 6; ++i) counters.push_back(web.counter(kRequests, {{"code", std::to_string(i)}}));
  std::vector<Histogram> histograms;
  histograms.reserve(3);
  for (int i = 0; i < 3; ++i) histograms.push_back(web.histogram(kLatency));

  for (size_t i = 0; i < counters.size(); ++i) counters[i].add(i + 1);
  for (Histogram& histogram : histograms) histogram.observe(1ms);
  counters.pop_back();

  std::string text = registry.render();
  for (int i = 0; i < 6; ++i) {
    EXPECT_THAT(text,
                HasSubstr("{service=\"web\",code=\"" + std::to_string(i) + "\"} " + std::to_string(i + 1) + "\n"));
  }
  EXPECT_THAT(text, HasSubstr("heddle_test_seconds_count{service=\"web\"} 3\n"));
}

TEST(MetricRegistry, GoesOnCountingWhenALabelSetComesBack) {
  Registry registry;
  std::optional<Counter> counter = registry.scope().counter(kRequests);
  counter->add(5);
  counter.reset();
  registry.sweep(MonoTime(0s), 600s);

  Counter again = registry.scope().counter(kRequests);
  again.add(1);
  registry.sweep(MonoTime(900s), 600s);

  EXPECT_THAT(registry.render(), HasSubstr("heddle_test_requests_total{service=\"\",code=\"\"} 6\n"));
}

TEST(MetricRegistry, ForgetsTheGaugeOfAWorkerThatEnded) {
  Registry registry;
  Gauge stays = registry.scope().gauge(kActive);
  std::optional<Gauge> goes = registry.scope().gauge(kActive);
  stays.set(2);
  goes->set(40);

  goes.reset();

  EXPECT_THAT(registry.render(), HasSubstr("heddle_test_active{service=\"\"} 2\n"));
}

TEST(MetricRegistry, ReadsCallbacksAtEachScrapeUntilTheyAreDropped) {
  Registry registry;
  double value = 1;
  Pending callback = registry.scope().callback(kActive, {{"service", "web"}}, [&] { return value; });

  value = 2.5;
  EXPECT_THAT(registry.render(), HasSubstr("heddle_test_active{service=\"web\"} 2.5\n"));
  callback.reset();

  EXPECT_THAT(registry.render(), Not(HasSubstr("heddle_test_active")));
}

TEST(MetricRegistry, CountsEverythingBeyondTheLimitAsOther) {
  Registry registry(2);
  auto a = registry.scope().counter(kRequests, {{"service", "a"}});
  auto b = registry.scope().counter(kRequests, {{"service", "b"}});
  auto c = registry.scope().counter(kRequests, {{"service", "c"}});
  auto d = registry.scope().counter(kRequests, {{"service", "d"}});
  c.add(1);
  d.add(2);

  std::string text = registry.render();

  EXPECT_THAT(text, HasSubstr("heddle_test_requests_total{service=\"other\",code=\"other\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("heddle_metrics_series_dropped_total 2\n"));
}

TEST(MetricRegistry, LeavesOutScopeLabelsThatAFamilyLacks) {
  Registry registry;
  auto gauge = registry.scope().with("service", "web").with("code", "x").gauge(kActive);

  EXPECT_THAT(registry.render(), HasSubstr("heddle_test_active{service=\"web\"} 0\n"));
}

TEST(MetricRegistry, MayDieBeforeItsHandles) {
  std::optional<Registry> registry(std::in_place);
  Counter counter = registry->scope().counter(kRequests);
  Pending callback = registry->scope().callback(kActive, {}, [] { return 1.0; });

  registry.reset();
  counter.add();
  callback.reset();

  EXPECT_EQ(counter.value(), 1U);
}

TEST(MetricHandle, CountsNothingWhenDefaultMade) {
  Counter counter;
  Gauge gauge;
  Histogram histogram;

  counter.add();
  gauge.add();
  histogram.observe(1s);

  EXPECT_EQ(counter.value(), 0U);
  EXPECT_EQ(gauge.value(), 0);
}
}  // namespace
}  // namespace heddle
