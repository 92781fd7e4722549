#include "lib/metrics/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/metrics/metric_docs.h"
#include "lib/metrics/process_metrics.h"
#include "lib/metrics/registry.h"
#include "tests/support/promtool.h"

namespace heddle {
namespace {
constexpr MetricFamily kCounted{"heddle_test_things_total", "Things.", MetricType::kCounter, {"name"}};
constexpr MetricFamily kTimed{"heddle_test_wait_seconds", "Waits.", MetricType::kHistogram, {}, kLatencyBuckets};

TEST(Exposition, IsAcceptedByPromtool) {
  ASSERT_TRUE(has_promtool()) << "promtool is missing: ./dev setup peers";
  Registry registry;
  ProcessMetrics process(registry, "1.2.3");
  auto counter = registry.scope().counter(kCounted, {{"name", "a\"b\\\n\xc3\xbc"}});
  auto histogram = registry.scope().histogram(kTimed);
  histogram.observe(3ms);

  EXPECT_EQ(check_with_promtool(registry.render()), "");
}

TEST(Exposition, PromtoolTestCanFail) {
  ASSERT_TRUE(has_promtool()) << "promtool is missing: ./dev setup peers";

  EXPECT_NE(check_with_promtool("heddle_x{a=\"b} 1\n"), "");
}

TEST(ProcessMetrics, SeeThisProcess) {
  ProcessUsage usage = read_process_usage();

  EXPECT_GT(usage.resident_bytes, 1e6);
  EXPECT_GT(usage.virtual_bytes, usage.resident_bytes);
  EXPECT_GE(usage.threads, 1);
  EXPECT_GE(count_open_fds(), 3);
  EXPECT_GT(usage.max_fds, count_open_fds());
  EXPECT_GT(process_start_seconds(), 1.6e9);
}

TEST(MetricDocs, ListsFamiliesByName) {
  std::array<const MetricFamily*, 2> families = {&kTimed, &kCounted};

  EXPECT_EQ(render_metric_docs(families),
            "| metric | type | labels | meaning |\n|---|---|---|---|\n"
            "| `heddle_test_things_total` | counter | `name` | Things. |\n"
            "| `heddle_test_wait_seconds` | histogram |  | Waits. |\n");
}
}  // namespace
}  // namespace heddle
