#include "control/translate/address_index.h"

#include <utility>

#include "control/translate/reference_index.h"
#include "lib/policy/visibility.h"

namespace heddle {
namespace {
template <class Map, class Key, class Value>
void take_out(Map& map, const Key& key, const Value& value) {
  auto found = map.find(key);
  if (found == map.end()) return;
  found->second.erase(value);
  if (found->second.empty()) map.erase(found);
}

// nullptr: there is none, or it is not for this identity.
const ServiceSpec* visible_service(const View& view, const ResourceKey& key, const SpiffeId& identity) {
  StoredResource::Ptr resource = view.find(key);
  const auto* service = resource == nullptr ? nullptr : spec_of<ServiceSpec>(*resource);
  return service != nullptr && is_visible(*service, identity) ? service : nullptr;
}
}  // namespace

std::optional<ResourceKey> AddressIndex::find(const View& view, const Address& address, const SpiffeId& identity) {
  follow(view);
  std::optional<ResourceKey> found = of_service(view, address, identity);
  return found ? found : of_endpoint(view, address, identity);
}

void AddressIndex::follow(const View& view) {
  if (view_ && view_->version() == view.version()) return;
  follow(view, Kind::kService);
  follow(view, Kind::kBackendSet);
  view_ = view;
}

// Both are in the order of their keys. A view holds what it showed before at the same place in memory.
void AddressIndex::follow(const View& view, Kind kind) {
  auto at = known_.lower_bound({kind, {}, {}});
  auto drop = [&] {
    remove(*at->second);
    at = known_.erase(at);
  };
  view.for_each(kind, [&](const StoredResource::Ptr& resource) {
    while (at != known_.end() && at->first < resource->key()) drop();
    if (at != known_.end() && at->second == resource) {
      ++at;
      return;
    }
    if (at != known_.end() && at->first == resource->key()) drop();
    add(*resource);
    known_.emplace_hint(at, resource->key(), resource);
  });
  while (at != known_.end() && at->first.kind == kind) drop();
}

void AddressIndex::add(const StoredResource& resource) {
  const ResourceKey& key = resource.key();
  if (const auto* service = spec_of<ServiceSpec>(resource)) {
    for (const Address& address : service->addresses) owned_[address].insert(key);
    for (const ServicePort& port : service->ports) users_[{key.ns, port.backend_set}].insert(key);
  } else if (const auto* set = spec_of<BackendSetSpec>(resource)) {
    for (const Endpoint& endpoint : set->endpoints) sets_[endpoint.address()].insert({key.ns, key.name});
  }
}

void AddressIndex::remove(const StoredResource& resource) {
  const ResourceKey& key = resource.key();
  if (const auto* service = spec_of<ServiceSpec>(resource)) {
    for (const Address& address : service->addresses) take_out(owned_, address, key);
    for (const ServicePort& port : service->ports) take_out(users_, ObjectRef{key.ns, port.backend_set}, key);
  } else if (const auto* set = spec_of<BackendSetSpec>(resource)) {
    for (const Endpoint& endpoint : set->endpoints) take_out(sets_, endpoint.address(), ObjectRef{key.ns, key.name});
  }
}

std::optional<ResourceKey> AddressIndex::of_service(const View& view, const Address& address,
                                                    const SpiffeId& identity) const {
  auto found = owned_.find(address.with_port(0));
  if (found == owned_.end()) return std::nullopt;
  for (const ResourceKey& key : found->second) {
    const ServiceSpec* service = visible_service(view, key, identity);
    if (service != nullptr && service->find_port(address.port()) != nullptr) return key;
  }
  return std::nullopt;
}

std::optional<ResourceKey> AddressIndex::of_endpoint(const View& view, const Address& address,
                                                     const SpiffeId& identity) const {
  auto found = sets_.find(address);
  if (found == sets_.end()) return std::nullopt;
  std::optional<ResourceKey> other;
  for (const ObjectRef& set : found->second) {
    auto users = users_.find(set);
    if (users == users_.end()) continue;
    for (const ResourceKey& key : users->second) {
      const ServiceSpec* service = visible_service(view, key, identity);
      if (service == nullptr) continue;
      if (service->addresses.empty()) return key;
      if (!other) other = key;
    }
  }
  return other;
}
}  // namespace heddle
