// MetricFamily: name, meaning, type and label names of one family, as a constant; FamilySample: its values at one
// scrape. Plain values.
#pragma once
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/clock.h"

namespace heddle {
enum class MetricType : uint8_t { kCounter, kGauge, kHistogram };
std::string_view to_text(MetricType) noexcept;

constexpr size_t kMaxMetricLabels = 6;

struct MetricFamily {
  std::string_view name;  // heddle_<component>_<what>_<unit|total>
  std::string_view help;  // one sentence without newline
  MetricType type = MetricType::kCounter;
  std::array<std::string_view, kMaxMetricLabels> labels{};  // empty ones at the end
  std::span<const Duration> buckets{};                      // histograms: upper bounds, rising; at most 20

  std::span<const std::string_view> label_names() const noexcept;
};

// Name and value. Values come from configuration (services, routes), never from a request.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Superset of OpenTelemetry's HTTP buckets, down to half a millisecond.
inline constexpr std::array<Duration, 14> kLatencyBuckets = {500us, 1ms,   2500us, 5ms, 10ms,   25ms, 50ms,
                                                             100ms, 250ms, 500ms,  1s,  2500ms, 5s,   10s};

struct HistogramSample {
  std::vector<std::pair<double, uint64_t>> buckets;  // upper bound, cumulative count
  uint64_t count = 0;
  double sum = 0;
};

struct SeriesSample {
  std::vector<std::string> label_values;
  double value = 0;
  HistogramSample histogram;
};

struct FamilySample {
  MetricFamily family;
  std::vector<SeriesSample> series;
};
}  // namespace heddle
