// The table of docs/metrics.md, written from the families themselves, so that it cannot go stale (a unit test
// compares).
#pragma once
#include <span>
#include <string>

#include "lib/metrics/family.h"

namespace heddle {
// One Markdown row per family, sorted by name: name, type, labels, meaning.
std::string render_metric_docs(std::span<const MetricFamily* const> families);
}  // namespace heddle
