#include "proxy/app/worker_config.h"

#include <utility>

#include "lib/base/strings.h"

namespace heddle {

void WorkerConfig::apply(std::shared_ptr<const Snapshot> snapshot) {
  const Snapshot* before = current_ ? current_->snapshot.get() : nullptr;
  ChangeList changes = compare_snapshots(before, *snapshot);
  auto next = std::make_shared<WorkerSnapshot>();
  if (current_) next->backend_sets = current_->backend_sets;
  next->backend_sets.resize(snapshot->backend_sets().size());
  for (BackendSetId id : changes.removed) {
    if (id.value() < next->backend_sets.size()) next->backend_sets[id.value()].reset();
  }
  for (BackendSetId id : changes.replaced) {
    const BackendSetEntry& entry = *snapshot->backend_set(id);
    next->backend_sets[id.value()]->update(entry.spec, entry.traffic, entry.health);
  }
  for (BackendSetId id : changes.added) {
    const BackendSetEntry& entry = *snapshot->backend_set(id);
    next->backend_sets[id.value()] = std::make_shared<BackendSet>(upstream_, entry.spec, entry.traffic, entry.health);
  }
  next->snapshot = std::move(snapshot);
  current_ = std::move(next);
}

RouteRuntime& WorkerConfig::runtime(Direction direction, std::string_view service, std::string_view route,
                                    std::string_view backend_set) {
  std::string key = str_cat(to_text(direction), "\n", service, "\n", route, "\n", backend_set);
  auto& slot = runtimes_[key];
  if (slot == nullptr) {
    slot = std::make_unique<RouteRuntime>(metrics_, RequestLabels{direction, service, route, backend_set});
  }
  return *slot;
}
}  // namespace heddle
