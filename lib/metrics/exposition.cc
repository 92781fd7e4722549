#include "lib/metrics/exposition.h"

#include <prometheus/text_serializer.h>

#include <limits>
#include <sstream>

namespace heddle {
namespace {
prometheus::MetricType type_of(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return prometheus::MetricType::Counter;
    case MetricType::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricType::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric::Histogram histogram_of(const HistogramSample& sample) {
  prometheus::ClientMetric::Histogram out;
  out.sample_count = sample.count;
  out.sample_sum = sample.sum;
  for (auto& [bound, count] : sample.buckets) out.bucket.push_back({count, bound});
  out.bucket.push_back({sample.count, std::numeric_limits<double>::infinity()});
  return out;
}

prometheus::ClientMetric metric_of(const MetricFamily& family, const SeriesSample& sample) {
  prometheus::ClientMetric out;
  auto names = family.label_names();
  for (size_t i = 0; i < names.size(); ++i) out.label.push_back({std::string(names[i]), sample.label_values[i]});
  if (family.type == MetricType::kCounter) out.counter.value = sample.value;
  if (family.type == MetricType::kGauge) out.gauge.value = sample.value;
  if (family.type == MetricType::kHistogram) out.histogram = histogram_of(sample.histogram);
  return out;
}
}  // namespace

std::string to_prometheus_text(const std::vector<FamilySample>& samples) {
  std::vector<prometheus::MetricFamily> families;
  for (const FamilySample& sample : samples) {
    prometheus::MetricFamily& family = families.emplace_back();
    family.name = sample.family.name;
    family.help = sample.family.help;
    family.type = type_of(sample.family.type);
    for (const SeriesSample& series : sample.series) family.metric.push_back(metric_of(sample.family, series));
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}
}  // namespace heddle
