// Samples as text for Prometheus (format 0.0.4). The only place that knows the library that writes it. Pure.
#pragma once
#include <string>
#include <vector>

#include "lib/metrics/family.h"

namespace heddle {
inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";
std::string to_prometheus_text(const std::vector<FamilySample>&);
}  // namespace heddle
