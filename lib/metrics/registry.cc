#include "lib/metrics/registry.h"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "lib/base/assert.h"
#include "lib/metrics/exposition.h"

namespace heddle {
namespace {
constexpr MetricFamily kSeriesDropped{"heddle_metrics_series_dropped_total",
                                      "Label sets that were counted as \"other\" because their family was full.",
                                      MetricType::kCounter};
constexpr std::string_view kOverflowLabel = "other";

using LabelValues = std::vector<std::string>;

struct HistogramTotal {
  std::array<uint64_t, detail::kMaxBuckets + 1> counts{};
  uint64_t sum_ns = 0;
  void add(const detail::HistogramCell& cell) {
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += cell.counts[i].load(std::memory_order_relaxed);
    sum_ns += cell.sum_ns.load(std::memory_order_relaxed);
  }
};

struct CallbackEntry {
  uint64_t id;
  UniqueFunction<double()> read;
};

// Cells of one label set, and what cells that are gone have counted.
struct Series {
  std::vector<std::shared_ptr<detail::ValueCell>> values;
  std::vector<std::shared_ptr<detail::HistogramCell>> histograms;
  std::vector<CallbackEntry> callbacks;
  int64_t folded = 0;
  HistogramTotal folded_histogram;
  std::optional<MonoTime> unused_since;

  bool is_used() const { return !values.empty() || !histograms.empty() || !callbacks.empty(); }

  // A released gauge says nothing any more; a released counter has counted.
  void fold(MetricType type) {
    std::erase_if(values, [&](const auto& cell) {
      if (!cell->is_released.load(std::memory_order_acquire)) return false;
      if (type == MetricType::kCounter) folded += cell->value.load(std::memory_order_relaxed);
      return true;
    });
    std::erase_if(histograms, [&](const auto& cell) {
      if (!cell->is_released.load(std::memory_order_acquire)) return false;
      folded_histogram.add(*cell);
      return true;
    });
  }

  double value() {
    int64_t total = folded;
    for (const auto& cell : values) total += cell->value.load(std::memory_order_relaxed);
    double out = static_cast<double>(total);
    for (CallbackEntry& entry : callbacks) out += entry.read();
    return out;
  }

  HistogramSample histogram(std::span<const Duration> bounds) const {
    HistogramTotal total = folded_histogram;
    for (const auto& cell : histograms) total.add(*cell);
    HistogramSample out;
    for (size_t i = 0; i < bounds.size(); ++i) {
      out.count += total.counts[i];
      out.buckets.emplace_back(std::chrono::duration<double>(bounds[i]).count(), out.count);
    }
    out.count += total.counts[bounds.size()];
    out.sum = std::chrono::duration<double>(Duration(total.sum_ns)).count();
    return out;
  }
};

struct Family {
  MetricFamily spec;
  std::map<LabelValues, Series> series;
};

template <class Predicate>
void erase_series(Family& family, Predicate is_gone) {
  for (auto at = family.series.begin(); at != family.series.end();) {
    at = is_gone(at->second) ? family.series.erase(at) : std::next(at);
  }
}

bool is_same_family(const MetricFamily& a, const MetricFamily& b) {
  return a.type == b.type && a.labels == b.labels && std::ranges::equal(a.buckets, b.buckets);
}

LabelValues values_of(const MetricFamily& family, const MetricLabels& labels) {
  auto names = family.label_names();
  LabelValues values(names.size());
  for (auto& [name, value] : labels) {
    auto at = std::find(names.begin(), names.end(), name);
    if (at != names.end()) values[static_cast<size_t>(at - names.begin())] = value;
  }
  return values;
}

bool has_all(const MetricFamily& family, const MetricLabels& labels) {
  auto names = family.label_names();
  return std::all_of(labels.begin(), labels.end(),
                     [&](auto& label) { return std::find(names.begin(), names.end(), label.first) != names.end(); });
}
}  // namespace

struct Registry::State {
  explicit State(size_t limit) : max_series(limit) {}
  const size_t max_series;
  mutable std::mutex mutex;  // guards what follows
  std::map<std::string, Family, std::less<>> families;
  uint64_t next_callback = 1;
  uint64_t dropped = 0;

  // nullptr: the family is already known as something else, a bug of the caller.
  Series* find(const MetricFamily& spec, const MetricLabels& labels) {
    auto [at, is_new] = families.try_emplace(std::string(spec.name), Family{spec, {}});
    Family& family = at->second;
    if (HEDDLE_BUG(!is_same_family(family.spec, spec), "a metric family is declared twice, differently"))
      return nullptr;
    LabelValues values = values_of(spec, labels);
    auto found = family.series.find(values);
    if (found != family.series.end()) return &use(found->second);
    if (family.series.size() >= max_series && !values.empty()) {
      ++dropped;
      values.assign(values.size(), std::string(kOverflowLabel));
    }
    return &use(family.series[std::move(values)]);
  }

  static Series& use(Series& series) {
    series.unused_since.reset();
    return series;
  }

  // The series goes with it: a value read from something that is gone must vanish, not linger as zero.
  void remove_callback(std::string_view family, uint64_t id) {
    std::lock_guard lock(mutex);
    auto at = families.find(family);
    if (at == families.end()) return;
    erase_series(at->second, [id](Series& series) {
      auto is_it = [id](const CallbackEntry& callback) { return callback.id == id; };
      return std::erase_if(series.callbacks, is_it) != 0 && !series.is_used();
    });
  }

  FamilySample sample(Family& family) const {
    FamilySample out{family.spec, {}};
    for (auto& [labels, series] : family.series) {
      series.fold(family.spec.type);
      if (!series.is_used() && family.spec.type == MetricType::kGauge) continue;
      SeriesSample& sample = out.series.emplace_back();
      sample.label_values = labels;
      if (family.spec.type == MetricType::kHistogram) {
        sample.histogram = series.histogram(family.spec.buckets);
      } else {
        sample.value = series.value();
      }
    }
    return out;
  }
};

namespace {
class CallbackRegistration final : public Operation {
 public:
  explicit CallbackRegistration(std::function<void()> remove) : remove_(std::move(remove)) {}
  ~CallbackRegistration() override { remove_(); }

 private:
  std::function<void()> remove_;
};
}  // namespace

MetricScope MetricScope::with(std::string_view label, std::string_view value) const {
  MetricScope out = *this;
  out.labels_.emplace_back(label, value);
  return out;
}

MetricLabels MetricScope::merged(const MetricFamily& family, const MetricLabels& labels) const {
  (void)HEDDLE_BUG(!has_all(family, labels), "a label is not one of its metric family");
  MetricLabels out = labels_;
  out.insert(out.end(), labels.begin(), labels.end());
  return out;
}

MetricScope MetricScope::side_by_side() const {
  MetricScope out = *this;
  out.block_ = std::make_shared<detail::CellBlock>();
  return out;
}

// Under the registry's lock: so is the block's count of what is used.
std::shared_ptr<detail::ValueCell> MetricScope::value_cell() const {
  detail::ValueCell* cell = block_ == nullptr ? nullptr : block_->next_value();
  if (cell == nullptr) return std::make_shared<detail::LoneValueCell>();
  return {block_, cell};
}

std::shared_ptr<detail::HistogramCell> MetricScope::histogram_cell() const {
  detail::HistogramCell* cell = block_ == nullptr ? nullptr : block_->next_histogram();
  if (cell == nullptr) return std::make_shared<detail::LoneHistogramCell>();
  return {block_, cell};
}

Counter MetricScope::counter(const MetricFamily& family, const MetricLabels& labels) const {
  auto& state = *registry_->state_;
  std::lock_guard lock(state.mutex);
  Series* series = state.find(family, merged(family, labels));
  if (HEDDLE_BUG(series == nullptr || family.type != MetricType::kCounter, "not a counter")) return {};
  return Counter(series->values.emplace_back(value_cell()));
}

Gauge MetricScope::gauge(const MetricFamily& family, const MetricLabels& labels) const {
  auto& state = *registry_->state_;
  std::lock_guard lock(state.mutex);
  Series* series = state.find(family, merged(family, labels));
  if (HEDDLE_BUG(series == nullptr || family.type != MetricType::kGauge, "not a gauge")) return {};
  return Gauge(series->values.emplace_back(value_cell()));
}

Histogram MetricScope::histogram(const MetricFamily& family, const MetricLabels& labels) const {
  auto& state = *registry_->state_;
  std::lock_guard lock(state.mutex);
  Series* series = state.find(family, merged(family, labels));
  bool fits = family.type == MetricType::kHistogram && family.buckets.size() <= detail::kMaxBuckets;
  if (HEDDLE_BUG(series == nullptr || !fits, "not a histogram, or one with too many buckets")) return {};
  std::shared_ptr<detail::HistogramCell> cell = histogram_cell();
  cell->bounds = family.buckets;
  return Histogram(series->histograms.emplace_back(std::move(cell)));
}

Pending MetricScope::callback(const MetricFamily& family, const MetricLabels& labels,
                              UniqueFunction<double()> read) const {
  std::shared_ptr<Registry::State> state = registry_->state_;
  std::lock_guard lock(state->mutex);
  Series* series = state->find(family, merged(family, labels));
  if (HEDDLE_BUG(series == nullptr || family.type == MetricType::kHistogram, "not a counter or gauge")) return nullptr;
  uint64_t id = state->next_callback++;
  series->callbacks.push_back({id, std::move(read)});
  return std::make_unique<CallbackRegistration>([weak = std::weak_ptr(state), name = std::string(family.name), id] {
    if (auto alive = weak.lock()) alive->remove_callback(name, id);
  });
}

Registry::Registry(size_t max_series_per_family) : state_(std::make_shared<State>(max_series_per_family)) {}
Registry::~Registry() = default;

std::vector<FamilySample> Registry::collect() const {
  std::lock_guard lock(state_->mutex);
  std::vector<FamilySample> out;
  for (auto& [name, family] : state_->families) {
    FamilySample sample = state_->sample(family);
    if (!sample.series.empty()) out.push_back(std::move(sample));
  }
  SeriesSample dropped;
  dropped.value = static_cast<double>(state_->dropped);
  out.push_back({kSeriesDropped, {std::move(dropped)}});
  std::sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.family.name < b.family.name; });
  return out;
}

std::optional<FamilySample> Registry::collect(std::string_view family) const {
  std::lock_guard lock(state_->mutex);
  auto found = state_->families.find(family);
  if (found == state_->families.end()) return std::nullopt;
  FamilySample sample = state_->sample(found->second);
  return sample.series.empty() ? std::nullopt : std::optional(std::move(sample));
}

std::string Registry::render() const { return to_prometheus_text(collect()); }

void Registry::sweep(MonoTime now, Duration keep) {
  std::lock_guard lock(state_->mutex);
  for (auto& [name, family] : state_->families) {
    MetricType type = family.spec.type;
    erase_series(family, [&](Series& series) {
      series.fold(type);
      if (series.is_used()) return false;
      if (!series.unused_since) series.unused_since = now;
      return type == MetricType::kGauge || now - *series.unused_since >= keep;
    });
  }
}
}  // namespace heddle
