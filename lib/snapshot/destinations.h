// Destinations: what the addresses of a snapshot mean to an intercepted connection: a service's port (by
// Service.spec.addresses), an endpoint of a backend set, or nothing of the mesh. Immutable; made once per snapshot
// where a listener intercepts (cold, O(addresses + endpoints)), asked without allocation. Points into the snapshot,
// which must outlive it. Rule: Gateway API, GEP-1294: a mesh route is bound to the destination, never to the Host.
#pragma once
#include <unordered_map>

#include "lib/snapshot/snapshot.h"

namespace heddle {
struct Destination {
  enum class Kind : uint8_t { kExternal, kService, kEndpoint };
  Kind kind = Kind::kExternal;
  ServiceRef service{};                  // of kService
  const BackendSetEntry* set = nullptr;  // of kEndpoint
  const Endpoint* endpoint = nullptr;    // in it
};

class Destinations {
 public:
  explicit Destinations(const Snapshot&);
  // With port. An address that is a service's goes before one that is an endpoint's.
  const Destination& find(const Address&) const noexcept;
  size_t size() const noexcept { return by_address_.size(); }

 private:
  void add_service(const ServiceEntry&);
  void add_endpoints(const BackendSetEntry&);
  Destination external_;
  std::unordered_map<Address, Destination> by_address_;
};
}  // namespace heddle
