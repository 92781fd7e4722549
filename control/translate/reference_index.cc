#include "control/translate/reference_index.h"

#include <algorithm>

namespace heddle {
namespace {
const std::vector<StoredResource::Ptr> kNothing;

template <class Map, class Key>
const std::vector<StoredResource::Ptr>& in(const Map& map, const Key& key) {
  auto found = map.find(key);
  return found == map.end() ? kNothing : found->second;
}

// A route may name one service twice, with two ports.
void add_once(std::vector<StoredResource::Ptr>& list, const StoredResource::Ptr& resource) {
  if (list.empty() || list.back() != resource) list.push_back(resource);
}
}  // namespace

ReferenceIndex::ReferenceIndex(View view) : view_(std::move(view)) {
  view_.for_each([this](const StoredResource::Ptr& resource) { add(resource); });
}

void ReferenceIndex::add(const StoredResource::Ptr& resource) {
  if (const auto* route = spec_of<HttpRouteSpec>(*resource)) {
    for (const ParentRef& parent : route->parents) add_once(routes_[parent.service], resource);
  } else if (const auto* policy = spec_of<HealthPolicySpec>(*resource)) {
    for (const std::string& target : policy->targets) add_once(policies_[{policy->key.ns, target}], resource);
  } else if (const auto* traffic = spec_of<TrafficPolicySpec>(*resource)) {
    for (const std::string& target : traffic->targets) add_once(policies_[{traffic->key.ns, target}], resource);
  } else if (spec_of<AuthorizationPolicySpec>(*resource) != nullptr) {
    authorization_[resource->key().ns].push_back(resource);
  } else if (spec_of<RateLimitPolicySpec>(*resource) != nullptr) {
    rate_limits_[resource->key().ns].push_back(resource);
  } else if (const auto* workload = spec_of<WorkloadSpec>(*resource)) {
    if (workload->identity) add_once(workloads_[workload->identity->text()], resource);
  }
}

const std::vector<StoredResource::Ptr>& ReferenceIndex::routes_of(const ObjectRef& service) const {
  return in(routes_, service);
}

const std::vector<StoredResource::Ptr>& ReferenceIndex::policies_of(const ObjectRef& backend_set) const {
  return in(policies_, backend_set);
}

const std::vector<StoredResource::Ptr>& ReferenceIndex::authorization_in(std::string_view name_space) const {
  return in(authorization_, name_space);
}

const std::vector<StoredResource::Ptr>& ReferenceIndex::rate_limits_in(std::string_view name_space) const {
  return in(rate_limits_, name_space);
}

const std::vector<StoredResource::Ptr>& ReferenceIndex::workloads_of(const SpiffeId& identity) const {
  return in(workloads_, identity.text());
}
}  // namespace heddle
