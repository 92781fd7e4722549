#include "lib/snapshot/destinations.h"

namespace heddle {
Destinations::Destinations(const Snapshot& snapshot) {
  for (const auto& service : snapshot.services()) add_service(*service);
  // A subset has its parent's endpoints: the set that the author gave them to says how they are called.
  for (const auto& set : snapshot.backend_sets()) {
    if (set != nullptr && !is_subset(*set->spec)) add_endpoints(*set);
  }
}

const Destination& Destinations::find(const Address& address) const noexcept {
  auto found = by_address_.find(address);
  return found == by_address_.end() ? external_ : found->second;
}

void Destinations::add_service(const ServiceEntry& service) {
  for (const Address& address : service.spec->addresses) {
    for (const ServicePortEntry& port : service.ports) {
      by_address_.try_emplace(address.with_port(port.number),
                              Destination{Destination::Kind::kService, {&service, &port}, nullptr, nullptr});
    }
  }
}

// One that several sets have is the first one's, by id.
void Destinations::add_endpoints(const BackendSetEntry& set) {
  for (const Endpoint& endpoint : set.spec->endpoints) {
    by_address_.try_emplace(endpoint.address(), Destination{Destination::Kind::kEndpoint, {}, &set, &endpoint});
  }
}
}  // namespace heddle
