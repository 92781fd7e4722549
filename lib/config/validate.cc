#include "lib/config/validate.h"

#include <algorithm>

#include "lib/api/federated.h"
#include "lib/base/strings.h"
#include "lib/config/route_kinds.h"
#include "lib/config/route_ports.h"
#include "lib/config/unresolved.h"
#include "lib/config/validate_balancing.h"
#include "lib/config/validate_filters.h"
#include "lib/config/validate_rate_limits.h"

namespace heddle {
namespace {
std::string indexed(std::string_view list, size_t i, std::string_view field) {
  return str_cat(list, "[", std::to_string(i), "]", field);
}

std::string missing(std::string_view kind, std::string_view ns, std::string_view name) {
  return str_cat("no ", kind, " ", in_quotes(name), " in namespace ", in_quotes(ns));
}

class Validator {
 public:
  Validator(const Model& model, ModelScope scope, const TrustDomain* own) : model_(model), scope_(scope), own_(own) {}
  ConfigProblems run() {
    note_parents();
    check_hosts();
    check_addresses();
    for (const auto& [key, spec] : model_.services) check_service(*spec);
    for (const auto& [key, spec] : model_.http_routes) check_route(*spec);
    for (const auto& [key, spec] : model_.backend_sets) check_backend_set(*spec);
    for (const auto& [key, spec] : model_.health_policies) check_targets(*spec, policy_of_);
    for (const auto& [key, spec] : model_.traffic_policies) check_targets(*spec, traffic_of_);
    check_subsets(model_, problems_);
    check_policy_balancing(model_, problems_);
    for (const auto& [key, spec] : model_.authorization_policies) check_authorization(*spec);
    for (const auto& [key, spec] : model_.rate_limit_policies) check_rate_limits(*spec);
    for (const auto& [key, spec] : model_.workloads) check_workload(*spec);
    for (const auto& [key, spec] : model_.federated_domains) check_federated(*spec);
    return std::move(problems_);
  }

 private:
  bool whole() const { return scope_ == ModelScope::kWhole; }

  void note_parents() {
    for (const auto& [key, route] : model_.http_routes) {
      for (const ParentRef& parent : route->parents) parents_[parent.service] = true;
    }
  }

  void check_hosts() {
    std::map<std::string, const ServiceSpec*> owner;
    for (const auto& [key, spec] : model_.services) {
      for (std::string& name : qualified_names(*spec)) {
        auto [it, is_new] = owner.emplace(std::move(name), spec.get());
        if (is_new || it->second == spec.get()) continue;
        problems_.add(key, "spec.hosts",
                      str_cat("the name ", in_quotes(it->first), " belongs to Service ", it->second->key.ns, "/",
                              it->second->key.name, " already"));
      }
    }
  }

  // An intercepted connection must mean one service.
  void check_addresses() {
    std::map<Address, const ServiceSpec*> owner;
    for (const auto& [key, spec] : model_.services) {
      for (size_t i = 0; i < spec->addresses.size(); ++i) {
        for (const ServicePort& port : spec->ports) {
          auto [it, is_new] = owner.emplace(spec->addresses[i].with_port(port.port), spec.get());
          if (is_new) continue;
          problems_.add(key, indexed("spec.addresses", i, ""),
                        str_cat(it->first.text(), " belongs to Service ", it->second->key.ns, "/", it->second->key.name,
                                " already"));
        }
      }
    }
  }

  // A backend set that nobody named may be missing when routes say where the requests go.
  void check_service(const ServiceSpec& service) {
    for (size_t i = 0; i < service.ports.size(); ++i) {
      const ServicePort& port = service.ports[i];
      if (find_spec(model_.backend_sets, Kind::kBackendSet, {service.key.ns, port.backend_set}) != nullptr) continue;
      if (!port.backend_set_is_named && parents_.contains({service.key.ns, service.key.name})) continue;
      problems_.add(service.key, indexed("spec.ports", i, ".backendSet"),
                    missing("BackendSet", service.key.ns, port.backend_set));
    }
  }

  void check_route(const HttpRouteSpec& route) {
    for (size_t i = 0; i < route.parents.size(); ++i) check_parent(route, i);
    for (size_t r = 0; r < route.rules.size(); ++r) {
      const std::vector<WeightedBackend>& backends = route.rules[r].backends;
      for (size_t b = 0; b < backends.size(); ++b) check_backend({route.key, r, b}, backends[b]);
      for (const RequestMirror& mirror : *route.rules[r].mirrors) {
        check_backend({route.key, r, mirror.filter, true}, mirror.to);
      }
    }
    check_route_filters(model_, route, problems_);
  }

  void check_parent(const HttpRouteSpec& route, size_t i) {
    const ParentRef& parent = route.parents[i];
    const ServiceSpec* service = find_spec(model_.services, Kind::kService, parent.service);
    if (service == nullptr) {
      if (!whole()) return;
      problems_.add(route.key, indexed("spec.parentRefs", i, ".name"),
                    missing("Service", parent.service.ns, parent.service.name));
    } else if (parent.port && service->find_port(*parent.port) == nullptr) {
      problems_.add(route.key, indexed("spec.parentRefs", i, ".port"),
                    str_cat("Service ", parent.service.ns, "/", parent.service.name, " has no port ",
                            std::to_string(*parent.port)));
    } else if (whole() && is_l4_route(route.key.kind)) {
      // HTTPRoutes were accepted on any port: of these `heddle validate` warns.
      if (auto why = idle_parent(model_, route, i)) {
        problems_.add(route.key, indexed("spec.parentRefs", i, ""), *std::move(why));
      }
    }
  }

  // Where a backendRef stands; paths are made only for problems.
  struct Place {
    const ResourceKey& route;
    size_t rule;
    size_t backend;          // or the filter
    bool is_mirror = false;  // of a RequestMirror
    std::string field(std::string_view name) const {
      if (!is_mirror) return indexed(indexed("spec.rules", rule, ".backendRefs"), backend, name);
      return str_cat(indexed(indexed("spec.rules", rule, ".filters"), backend, ".requestMirror.backendRef"), name);
    }
  };

  void check_backend(const Place& at, const WeightedBackend& backend) {
    if (is_unresolved(backend)) return;
    if (backend.kind == BackendKind::kBackendSet) {
      if (find_spec(model_.backend_sets, Kind::kBackendSet, backend.ref) == nullptr) {
        problems_.add(at.route, at.field(".name"), missing("BackendSet", backend.ref.ns, backend.ref.name));
      }
      return;
    }
    const ServiceSpec* service = find_spec(model_.services, Kind::kService, backend.ref);
    if (service == nullptr) {
      problems_.add(at.route, at.field(".name"), missing("Service", backend.ref.ns, backend.ref.name));
      return;
    }
    const ServicePort* port = service->find_port(backend.port);
    std::string name = str_cat("Service ", backend.ref.ns, "/", backend.ref.name);
    if (port == nullptr) {
      problems_.add(at.route, at.field(".port"), str_cat(name, " has no port ", std::to_string(backend.port)));
    } else if (find_spec(model_.backend_sets, Kind::kBackendSet, {backend.ref.ns, port->backend_set}) == nullptr) {
      problems_.add(at.route, at.field(".name"),
                    str_cat(name, " has no endpoints: ", missing("BackendSet", backend.ref.ns, port->backend_set)));
    }
  }

  void check_backend_set(const BackendSetSpec& set) {
    if (set.dns && ++dns_sets_ == kMaxDnsSets + 1) {
      problems_.add(set.key, "spec.dns", "is one too many: at most 1,000 backend sets are looked up in DNS");
    }
    if (set.health_policy.empty()) return;
    ObjectRef ref{set.key.ns, set.health_policy};
    if (find_spec(model_.health_policies, Kind::kHealthPolicy, ref) == nullptr) {
      problems_.add(set.key, "spec.healthPolicy", missing("HealthPolicy", ref.ns, ref.name));
      return;
    }
    policy_of_[{set.key.ns, set.key.name}] = set.health_policy;
  }

  // A set has one policy of a kind.
  template <class Policy>
  void check_targets(const Policy& policy, std::map<ObjectRef, std::string>& policy_of) {
    for (size_t i = 0; i < policy.targets.size(); ++i) {
      ObjectRef target{policy.key.ns, policy.targets[i]};
      if (whole() && find_spec(model_.backend_sets, Kind::kBackendSet, target) == nullptr) {
        problems_.add(policy.key, indexed("spec.targetRefs", i, ".name"),
                      missing("BackendSet", target.ns, target.name));
        continue;
      }
      auto [it, is_new] = policy_of.emplace(target, policy.key.name);
      if (is_new || it->second == policy.key.name) continue;
      problems_.add(policy.key, indexed("spec.targetRefs", i, ".name"),
                    str_cat("BackendSet ", in_quotes(target.name), " has the ", info(policy.key.kind).name, " ",
                            in_quotes(it->second), " already"));
    }
  }

  void check_authorization(const AuthorizationPolicySpec& policy) {
    if (policy.default_action) {
      auto [it, is_new] = default_of_.emplace(policy.key.ns, &policy);
      if (is_new) return;
      problems_.add(policy.key, "spec.defaultAction",
                    str_cat("namespace ", in_quotes(policy.key.ns), " has the default of AuthorizationPolicy ",
                            in_quotes(it->second->key.name), " already"));
    }
    check_workload_target(policy);
  }

  // Of a policy that sidecars of workloads enforce.
  template <class Policy>
  void check_workload_target(const Policy& policy) {
    if (!policy.target || !whole()) return;
    ObjectRef target{policy.key.ns, policy.target->name};
    bool is_service = policy.target->kind == Kind::kService;
    bool exists = is_service ? find_spec(model_.services, Kind::kService, target) != nullptr
                             : find_spec(model_.workloads, Kind::kWorkload, target) != nullptr;
    if (!exists) {
      problems_.add(policy.key, "spec.targetRef.name", missing(info(policy.target->kind).name, target.ns, target.name));
    } else if (is_service && !is_served(target)) {
      problems_.add(
          policy.key, "spec.targetRef.name",
          str_cat("no Workload serves Service ", in_quotes(target.name), ": nobody would enforce the policy"));
    }
  }

  void check_rate_limits(const RateLimitPolicySpec& policy) {
    check_workload_target(policy);
    rate_limits_.add(policy);
    if (!policy.target && rate_limits_.of_all(policy.key.ns) > kMaxWorkloadRateLimits) {
      problems_.add(policy.key, "spec.limits", too_many_rate_limits(str_cat("namespace ", in_quotes(policy.key.ns))));
    }
  }

  bool is_served(const ObjectRef& service) const {
    auto serves = [&](const auto& row) {
      const WorkloadSpec& workload = *row.second;
      return workload.key.ns == service.ns &&
             std::count(workload.services.begin(), workload.services.end(), service.name) > 0;
    };
    return std::any_of(model_.workloads.begin(), model_.workloads.end(), serves);
  }

  // Two would contradict each other at the same sidecars.
  void check_overload(const WorkloadSpec& workload) {
    if (workload.overload == nullptr || !workload.identity) return;
    auto [it, is_new] = overload_of_.emplace(*workload.identity, &workload);
    if (is_new) return;
    const ResourceKey& other = it->second->key;
    problems_.add(
        workload.key, "spec.overload",
        str_cat(in_quotes(workload.identity->text()), " has that of Workload ", other.ns, "/", other.name, " already"));
  }

  void check_workload(const WorkloadSpec& workload) {
    check_overload(workload);
    if (rate_limits_.of(workload) > kMaxWorkloadRateLimits) {
      problems_.add(workload.key, "spec", too_many_rate_limits("this workload"));
    }
    if (!whole()) return;
    for (size_t i = 0; i < workload.services.size(); ++i) {
      ObjectRef ref{workload.key.ns, workload.services[i]};
      if (find_spec(model_.services, Kind::kService, ref) != nullptr) continue;
      problems_.add(workload.key, indexed("spec.services", i, ""), missing("Service", ref.ns, ref.name));
    }
  }

  void check_federated(const FederatedTrustDomainSpec& spec) {
    const TrustDomain& domain = *spec.trust_domain;
    if (own_ != nullptr && domain == *own_) {
      problems_.add(spec.key, "spec.trustDomain",
                    str_cat(in_quotes(domain.name()), " is this mesh's own trust domain"));
    }
    auto [it, is_new] = federated_.emplace(domain.name(), &spec);
    if (!is_new) {
      const ResourceKey& other = it->second->key;
      problems_.add(
          spec.key, "spec.trustDomain",
          str_cat(in_quotes(domain.name()), " has the FederatedTrustDomain ", other.ns, "/", other.name, " already"));
    }
    if (is_new && federated_.size() == kMaxFederatedDomains + 1) {
      problems_.add(spec.key, "spec.trustDomain", "is one too many: at most 64 trust domains are federated");
    }
    size_t before = federated_bytes_;
    federated_bytes_ += spec.bundle_text.size();
    if (before <= kMaxFederatedBytes && federated_bytes_ > kMaxFederatedBytes) {
      problems_.add(spec.key, "spec.bundle", "does not fit: all bundles together have at most 768 KiB");
    }
  }

  const Model& model_;
  ModelScope scope_;
  const TrustDomain* own_;
  std::map<std::string_view, const FederatedTrustDomainSpec*> federated_;
  size_t federated_bytes_ = 0;
  size_t dns_sets_ = 0;
  std::map<ObjectRef, bool> parents_;
  std::map<ObjectRef, std::string> policy_of_;  // of health
  std::map<ObjectRef, std::string> traffic_of_;
  std::map<std::string_view, const AuthorizationPolicySpec*> default_of_;
  std::map<SpiffeId, const WorkloadSpec*> overload_of_;
  RateLimitCounts rate_limits_;
  ConfigProblems problems_;
};
}  // namespace

ConfigProblems validate(const Model& model, ModelScope scope, const TrustDomain* own) {
  return Validator(model, scope, own).run();
}

std::vector<std::string> qualified_names(const ServiceSpec& service) {
  std::string base = str_cat(service.key.name, ".", service.key.ns);
  std::vector<std::string> out{base, base + ".svc", base + ".svc.cluster.local"};
  out.insert(out.end(), service.hosts.begin(), service.hosts.end());
  return out;
}
}  // namespace heddle
