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
  for (BackendSetId id : changes.replaced) update(*next->backend_sets[id.value()], *snapshot->backend_set(id));
  for (BackendSetId id : changes.added) {
    const BackendSetEntry& entry = *snapshot->backend_set(id);
    next->backend_sets[id.value()] =
        std::make_shared<BackendSet>(upstream_, spec_of(entry), entry.traffic, entry.health);
  }
  next->snapshot = std::move(snapshot);
  if (needs_destinations_) next->destinations = std::make_shared<const Destinations>(*next->snapshot);
  current_ = std::move(next);
}

void WorkerConfig::need_destinations() {
  needs_destinations_ = true;
  if (current_ == nullptr || current_->destinations != nullptr) return;
  auto next = std::make_shared<WorkerSnapshot>(*current_);
  next->destinations = std::make_shared<const Destinations>(*next->snapshot);
  current_ = std::move(next);
}

BackendSet::Spec WorkerConfig::spec_of(const BackendSetEntry& entry) const {
  return resolved_ == nullptr ? entry.spec : with_endpoints(entry.spec, resolved_->find(entry.spec->key));
}

void WorkerConfig::update(BackendSet& set, const BackendSetEntry& entry) const {
  set.update(spec_of(entry), entry.traffic, entry.health);
}

void WorkerConfig::resolve(std::shared_ptr<const ResolvedSets> resolved) {
  std::shared_ptr<const ResolvedSets> before = std::exchange(resolved_, std::move(resolved));
  if (current_ == nullptr) return;
  for (const auto& [key, found] : resolved_->sets) {
    if (before != nullptr && before->find(key) == found.get()) continue;
    const BackendSetEntry* entry = current_->snapshot->find_backend_set({key.ns, key.name});
    if (entry != nullptr) update(*current_->backend_sets[entry->id.value()], *entry);
  }
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
