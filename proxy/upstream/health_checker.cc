#include "proxy/upstream/health_checker.h"

#include <set>

#include "lib/base/strings.h"
#include "proxy/upstream/endpoint_tls.h"

namespace heddle {
namespace {
std::string name_of(const ResourceKey& key) { return str_cat(key.ns, "/", key.name); }

// The endpoints of a subset are checked as its parent's.
bool is_checked(const std::shared_ptr<const BackendSetEntry>& entry) {
  return entry != nullptr && !is_subset(*entry->spec) && entry->health != nullptr && !entry->health->active.empty();
}

std::vector<ProbeSpec> probes_for(const BackendSetEntry& entry, const Endpoint& endpoint) {
  std::vector<ProbeSpec> specs;
  for (const ActiveCheck& check : entry.health->active) {
    specs.push_back({endpoint.key, tls_of(*entry.spec, endpoint), entry.spec->protocol, check});
  }
  return specs;
}
}  // namespace

HealthChecker::Set::Set(const HealthCheckerInputs& in, const ResourceKey& key)
    : context{in.scheduler, in.probes, in.random, in.log, name_of(key), HealthMetrics(in.metrics, name_of(key)), {}} {}

HealthChecker::HealthChecker(const HealthCheckerInputs& inputs) : inputs_(inputs) {}
HealthChecker::~HealthChecker() = default;

void HealthChecker::apply(const Snapshot& snapshot, const ResolvedSets* resolved) {
  std::set<ResourceKey> wanted;
  for (const auto& entry : snapshot.backend_sets()) {
    if (!is_checked(entry)) continue;
    wanted.insert(entry->spec->key);
    apply_set(entry, entry->spec->dns && resolved != nullptr ? resolved->share(entry->spec->key) : nullptr);
  }
  std::erase_if(sets_, [&](const auto& item) { return !wanted.contains(item.first); });
  std::erase_if(verdicts_, [](const auto& item) { return item.second.expired(); });
}

void HealthChecker::apply_set(const std::shared_ptr<const BackendSetEntry>& entry,
                              std::shared_ptr<const ResolvedEndpoints> found) {
  auto& slot = sets_[entry->spec->key];
  if (slot == nullptr) slot = std::make_unique<Set>(inputs_, entry->spec->key);
  Set& set = *slot;
  if (set.entry == entry && set.found == found) return;  // the same objects: nothing changed
  set.entry = entry;
  set.found = std::move(found);
  BackendSetSpecPtr spec = with_endpoints(entry->spec, set.found.get());
  set.context.spread = kFirstGap * static_cast<int64_t>(spec->endpoints.size());
  std::set<EndpointKey> wanted;
  for (const Endpoint& endpoint : spec->endpoints) {
    wanted.insert(endpoint.key);
    auto& checked = set.endpoints[endpoint.key];
    if (checked == nullptr) {
      checked = std::make_unique<CheckedEndpoint>(set.context, endpoint.key, verdict(endpoint.key));
    }
    checked->set_checks(probes_for(*entry, endpoint));
  }
  std::erase_if(set.endpoints, [&](const auto& item) { return !wanted.contains(item.first); });
}

std::shared_ptr<EndpointVerdict> HealthChecker::verdict(const EndpointKey& key) {
  HealthKey health = health_key(key);
  auto& slot = verdicts_[health];
  if (auto known = slot.lock()) return known;
  auto made = std::make_shared<EndpointVerdict>(inputs_.health.get(health), inputs_.scheduler);
  slot = made;
  return made;
}

std::optional<CheckStatus> HealthChecker::status(const ResourceKey& backend_set, const EndpointKey& key) const {
  auto set = sets_.find(backend_set);
  if (set == sets_.end()) return std::nullopt;
  auto found = set->second->endpoints.find(key);
  if (found == set->second->endpoints.end()) return std::nullopt;
  return CheckStatus{found->second->is_up(), found->second->why_down(), found->second->last_failure()};
}

size_t HealthChecker::endpoints() const noexcept {
  size_t count = 0;
  for (const auto& [key, set] : sets_) count += set->endpoints.size();
  return count;
}
}  // namespace heddle
