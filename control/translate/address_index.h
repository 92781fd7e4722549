// AddressIndex: whose an address is that an intercepted connection went to: a service's own (Service.spec.addresses) at
// one of its ports, or an endpoint's of a backend set that a service names. It follows the views it is asked about:
// only what changed since the last is read anew, and nothing at all before the first question. Control loop.
#pragma once
#include <map>
#include <set>
#include <unordered_map>

#include "certs/spiffe_id.h"
#include "control/store/view.h"

namespace heddle {
class AddressIndex {
 public:
  // The service that this identity may see and whose the address is, with its port; the first by key where there are
  // several, those with addresses of their own last for an endpoint: they are called by those.
  std::optional<ResourceKey> find(const View&, const Address&, const SpiffeId&);

 private:
  using Entries = std::map<ResourceKey, StoredResource::Ptr>;
  void follow(const View&);
  void follow(const View&, Kind);
  void add(const StoredResource&);
  void remove(const StoredResource&);
  std::optional<ResourceKey> of_service(const View&, const Address&, const SpiffeId&) const;
  std::optional<ResourceKey> of_endpoint(const View&, const Address&, const SpiffeId&) const;

  std::optional<View> view_;
  Entries known_;                                             // services and backend sets
  std::unordered_map<Address, std::set<ResourceKey>> owned_;  // services, by address without port
  std::unordered_map<Address, std::set<ObjectRef>> sets_;     // by the address of an endpoint
  std::map<ObjectRef, std::set<ResourceKey>> users_;          // services, by backend set
};
}  // namespace heddle
