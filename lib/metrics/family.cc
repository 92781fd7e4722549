#include "lib/metrics/family.h"

namespace heddle {
std::string_view to_text(MetricType type) noexcept {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

std::span<const std::string_view> MetricFamily::label_names() const noexcept {
  size_t count = 0;
  while (count < labels.size() && !labels[count].empty()) ++count;
  return std::span(labels).first(count);
}
}  // namespace heddle
