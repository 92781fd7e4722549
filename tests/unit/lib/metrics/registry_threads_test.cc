// Workers count while the main loop scrapes and sweeps; meant for the thread sanitizer.
#include <gtest/gtest.h>

#include <thread>

#include "lib/metrics/registry.h"

namespace heddle {
namespace {
constexpr MetricFamily kEvents{"heddle_test_events_total", "Events.", MetricType::kCounter, {"worker"}};
constexpr MetricFamily kTimes{"heddle_test_times_seconds", "Times.", MetricType::kHistogram, {}, kLatencyBuckets};

void count(Registry& registry) {
  for (int round = 0; round < 50; ++round) {
    Counter counter = registry.scope().counter(kEvents);
    Histogram histogram = registry.scope().histogram(kTimes);
    for (int i = 0; i < 1000; ++i) {
      counter.add();
      histogram.observe(1ms);
    }
  }
}

TEST(MetricRegistryThreads, LosesNoEventWhileScraped) {
  Registry registry;
  std::thread a([&] { count(registry); });
  std::thread b([&] { count(registry); });

  for (int i = 0; i < 50; ++i) {
    (void)registry.render();
    registry.sweep(MonoTime(0s));
  }
  a.join();
  b.join();

  std::string text = registry.render();
  EXPECT_NE(text.find("heddle_test_events_total{worker=\"\"} 100000\n"), std::string::npos) << text;
  EXPECT_NE(text.find("heddle_test_times_seconds_count 100000\n"), std::string::npos) << text;
}
}  // namespace
}  // namespace heddle
