#include "proxy/upstream/upstream_metrics.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string label_of(const ResourceKey& key) { return key.ns.empty() ? key.name : str_cat(key.ns, "/", key.name); }
}  // namespace

UpstreamMetrics::UpstreamMetrics(Registry& registry, const ResourceKey& backend_set)
    : cells_(registry, label_of(backend_set)), connected_(cells_.connects[Reason::kNone]) {}

void UpstreamMetrics::on_connected(Duration took) noexcept {
  connected_.add();
  cells_.connect_time.observe(took);
}

void UpstreamMetrics::on_refused(CircuitResource resource) {
  Counter*& cell = refused_[static_cast<size_t>(resource)];
  if (cell == nullptr) cell = &cells_.circuit_refused[to_text(resource)];
  cell->add();
}

void UpstreamMetrics::on_mirrored(MirrorOutcome outcome) {
  Counter*& cell = mirrored_[static_cast<size_t>(outcome)];
  if (cell == nullptr) cell = &cells_.mirrored[to_text(outcome)];
  cell->add();
}
}  // namespace heddle
