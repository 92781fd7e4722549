// ReferenceIndex: who points at whom, of one view: the routes of a service, the health and traffic policies of a
// backend set, the authorization policies and rate limits of a namespace, the workloads of an identity. Built once per
// version and shared by every node's scope. Immutable; safe on any thread.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "control/store/view.h"

namespace heddle {
class ReferenceIndex {
 public:
  explicit ReferenceIndex(View view);
  const View& view() const noexcept { return view_; }
  // In the order of the keys; empty when there is nothing.
  const std::vector<StoredResource::Ptr>& routes_of(const ObjectRef& service) const;
  const std::vector<StoredResource::Ptr>& policies_of(const ObjectRef& backend_set) const;
  const std::vector<StoredResource::Ptr>& authorization_in(std::string_view name_space) const;
  const std::vector<StoredResource::Ptr>& rate_limits_in(std::string_view name_space) const;
  const std::vector<StoredResource::Ptr>& workloads_of(const SpiffeId& identity) const;

 private:
  using Attached = std::map<ObjectRef, std::vector<StoredResource::Ptr>>;
  void add(const StoredResource::Ptr&);
  View view_;
  Attached routes_;
  Attached policies_;
  using ByText = std::map<std::string, std::vector<StoredResource::Ptr>, std::less<>>;
  ByText authorization_;  // by namespace
  ByText rate_limits_;    // by namespace
  ByText workloads_;      // by SPIFFE id
};

// What the resource says, as a T; nullptr when it is of another kind.
template <class T>
const T* spec_of(const StoredResource& resource) {
  if (!resource.spec()) return nullptr;
  const auto* spec = std::get_if<std::shared_ptr<const T>>(&*resource.spec());
  return spec == nullptr ? nullptr : spec->get();
}
}  // namespace heddle
