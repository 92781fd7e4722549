#include "lib/metrics/metric_docs.h"

#include <algorithm>

namespace heddle {
std::string render_metric_docs(std::span<const MetricFamily* const> families) {
  std::vector<const MetricFamily*> sorted(families.begin(), families.end());
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->name < b->name; });
  std::string out = "| metric | type | labels | meaning |\n|---|---|---|---|\n";
  for (const MetricFamily* family : sorted) {
    out.append("| `").append(family->name).append("` | ").append(to_text(family->type)).append(" | ");
    std::string_view separator;
    for (std::string_view label : family->label_names()) {
      out.append(separator).append("`").append(label).append("`");
      separator = ", ";
    }
    out.append(" | ").append(family->help).append(" |\n");
  }
  return out;
}
}  // namespace heddle
