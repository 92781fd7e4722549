#include "lib/config/effective_backend_set.h"

#include <algorithm>
#include <iterator>

#include "lib/base/strings.h"

namespace heddle {
namespace {
LbSpec merged_with(const LbSpec& own, const TrafficPolicySpec* policy) {
  return policy != nullptr && policy->lb ? merged(own, *policy->lb) : own;
}

std::shared_ptr<const BackendSetSpec> subset_of(const BackendSetParts& parts) {
  auto out = std::make_shared<BackendSetSpec>();
  out->key = parts.own->key;
  out->subset = parts.own->subset;
  out->says_lb = parts.own->says_lb;
  out->tls = parts.parent->tls;
  out->protocol = parts.parent->protocol;
  out->lb = effective_lb(parts);
  auto fits = [&](const Endpoint& endpoint) { return has_labels(endpoint, parts.own->subset->labels); };
  const std::vector<Endpoint>& all = parts.parent->endpoints;
  out->endpoints.reserve(static_cast<size_t>(std::count_if(all.begin(), all.end(), fits)));
  std::copy_if(all.begin(), all.end(), std::back_inserter(out->endpoints), fits);
  return out;
}
}  // namespace

std::shared_ptr<const BackendSetSpec> effective_backend_set(const BackendSetParts& parts) {
  if (parts.parent != nullptr) return subset_of(parts);
  LbSpec lb = effective_lb(parts);
  if (lb == parts.own->lb) return parts.own;
  auto out = std::make_shared<BackendSetSpec>(*parts.own);
  out->lb = std::move(lb);
  return out;
}

LbSpec effective_lb(const BackendSetParts& parts) {
  bool is_inherited = parts.parent != nullptr && !parts.own->says_lb;
  LbSpec own = is_inherited ? merged_with(parts.parent->lb, parts.parent_traffic.get()) : parts.own->lb;
  return merged_with(own, parts.traffic.get());
}

const TrafficPolicySpec* lb_policy_of(const BackendSetParts& parts) noexcept {
  if (parts.traffic != nullptr && parts.traffic->lb) return parts.traffic.get();
  bool is_inherited = parts.parent != nullptr && !parts.own->says_lb;
  return is_inherited && parts.parent_traffic != nullptr && parts.parent_traffic->lb ? parts.parent_traffic.get()
                                                                                     : nullptr;
}

const std::shared_ptr<const TrafficPolicySpec>& traffic_of(const BackendSetParts& parts) noexcept {
  return parts.traffic != nullptr ? parts.traffic : parts.parent_traffic;
}

ResourceKey parent_or_own_key(const BackendSetSpec& set) {
  return is_subset(set) ? ResourceKey{Kind::kBackendSet, set.key.ns, set.subset->parent} : set.key;
}

bool has_labels(const Endpoint& endpoint, const Labels& labels) noexcept {
  const Labels& own = endpoint.traits->labels;
  return std::includes(own.begin(), own.end(), labels.begin(), labels.end());
}

std::string labels_text(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) out.append(out.empty() ? "" : ",").append(name).append("=").append(value);
  return out;
}
}  // namespace heddle
