#include "lib/snapshot/snapshot.h"

#include <algorithm>

namespace heddle {
const Router* ServicePortEntry::router_for(std::string_view client_ns) const noexcept {
  for (const auto& [ns, router] : consumers) {
    if (ns == client_ns) return router.get();
  }
  return producer.get();
}

bool ServicePortEntry::operator==(const ServicePortEntry& other) const noexcept {
  return port.port == other.port.port && backend_set == other.backend_set && producer == other.producer &&
         consumers == other.consumers && l4 == other.l4;
}

const ServicePortEntry* ServiceEntry::find_port(uint16_t number) const noexcept {
  auto it = std::find_if(ports.begin(), ports.end(), [&](const ServicePortEntry& p) { return p.number == number; });
  return it == ports.end() ? nullptr : &*it;
}

std::optional<uint32_t> Snapshot::find_index(std::string_view host, std::string_view client_ns) const noexcept {
  std::optional<uint32_t> index;
  if (host.find('.') == std::string_view::npos) {  // only then it may be a bare name
    auto own = names_->by_namespace.find(client_ns);
    if (own != names_->by_namespace.end()) index = own->second.find(host);
  }
  return index ? index : names_->qualified.find(host);
}

const ServiceEntry* Snapshot::find_service(std::string_view host, std::string_view client_ns) const noexcept {
  std::optional<uint32_t> index = find_index(host, client_ns);
  return index ? services_[*index].get() : nullptr;
}

ServiceRef Snapshot::resolve(std::string_view authority, std::string_view client_ns) const noexcept {
  std::optional<HostPort> target = split_authority(authority);
  std::optional<uint32_t> index = target ? find_index(target->host, client_ns) : std::nullopt;
  if (!index) return {};
  const Row& row = rows_[*index];
  if (row.only_port != nullptr) {
    bool fits = !target->port || *target->port == row.only_number;
    return {row.service, fits ? row.only_port : nullptr};
  }
  constexpr uint16_t kHttpPort = 80;
  return {row.service, row.service->find_port(target->port.value_or(kHttpPort))};
}

const BackendSetEntry* Snapshot::backend_set(BackendSetId id) const noexcept {
  return id.value() < backend_sets_.size() ? backend_sets_[id.value()].get() : nullptr;
}

const BackendSetEntry* Snapshot::find_backend_set(const ObjectRef& ref) const noexcept {
  auto it = backend_set_ids_.find(ref);
  return it == backend_set_ids_.end() ? nullptr : backend_set(it->second);
}

ChangeList compare_snapshots(const Snapshot* from, const Snapshot& to) {
  ChangeList out;
  size_t limit = std::max(from == nullptr ? 0 : from->backend_sets().size(), to.backend_sets().size());
  for (uint32_t i = 0; i < limit; ++i) {
    BackendSetId id(i);
    const BackendSetEntry* before = from == nullptr ? nullptr : from->backend_set(id);
    const BackendSetEntry* after = to.backend_set(id);
    if (before == after) continue;
    bool same_set = before != nullptr && after != nullptr && before->spec->key == after->spec->key;
    if (same_set) out.replaced.push_back(id);
    if (!same_set && before != nullptr) out.removed.push_back(id);
    if (!same_set && after != nullptr) out.added.push_back(id);
  }
  out.services_changed = from == nullptr || !std::equal(from->services().begin(), from->services().end(),
                                                        to.services().begin(), to.services().end());
  return out;
}
}  // namespace heddle
