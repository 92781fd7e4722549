// Registry: every metric of a process, by family and label set. Made in main(), passed by reference; thread-safe (one
// mutex, taken when cells are resolved and at a scrape, never on an update). Families are described by constants
// (MetricFamily), so that code, scrape and docs/metrics.md cannot disagree.
// Limits: 6 labels, 10,000 series per family; what comes later is counted in the series whose labels are all "other".
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/operation.h"
#include "lib/base/unique_function.h"
#include "lib/metrics/cells.h"
#include "lib/metrics/family.h"

namespace heddle {

class Registry;

// A registry plus labels that are already known: a worker makes one per component. Labels a family does not have are
// left out, labels of the family that nobody gives are empty. A small value; the Registry must outlive it, not the
// cells.
class MetricScope {
 public:
  MetricScope with(std::string_view label, std::string_view value) const;
  // The same, for cells that one thread writes for each request: the first four values and two histograms that this
  // scope and its copies make lie in one block.
  MetricScope side_by_side() const;
  // Each call makes a cell of its own; cells of one label set are summed.
  Counter counter(const MetricFamily&, const MetricLabels& = {}) const;
  Gauge gauge(const MetricFamily&, const MetricLabels& = {}) const;
  Histogram histogram(const MetricFamily&, const MetricLabels& = {}) const;
  // Read at scrape, under the registry's lock, on the scraping thread: it must not call the registry and must not wait.
  // Destroying the Pending removes it; the callback never runs after that.
  [[nodiscard]] Pending callback(const MetricFamily&, const MetricLabels&, UniqueFunction<double()>) const;

 private:
  friend class Registry;
  explicit MetricScope(Registry& registry) : registry_(&registry) {}
  MetricLabels merged(const MetricFamily&, const MetricLabels&) const;
  std::shared_ptr<detail::ValueCell> value_cell() const;
  std::shared_ptr<detail::HistogramCell> histogram_cell() const;
  Registry* registry_;
  MetricLabels labels_;
  std::shared_ptr<detail::CellBlock> block_;  // nullptr: each cell for itself
};

class Registry {
 public:
  static constexpr size_t kMaxSeriesPerFamily = 10'000;
  explicit Registry(size_t max_series_per_family = kMaxSeriesPerFamily);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

  MetricScope scope() { return MetricScope(*this); }
  // Families sorted by name, series by label values.
  std::vector<FamilySample> collect() const;
  // One family; nothing when it has no series.
  std::optional<FamilySample> collect(std::string_view family) const;
  // The text format 0.0.4 of Prometheus.
  std::string render() const;
  // Removes series whose every handle has been gone for `keep`. To be called now and then (each minute); a counter that
  // comes back earlier goes on from where it was.
  void sweep(MonoTime now, Duration keep = std::chrono::minutes(10));

 private:
  friend class MetricScope;
  struct State;
  std::shared_ptr<State> state_;
};
}  // namespace heddle
