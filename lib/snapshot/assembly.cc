#include "lib/snapshot/assembly.h"

#include <algorithm>

#include "lib/config/route_kinds.h"
#include "lib/config/unresolved.h"
#include "lib/config/validate.h"
#include "lib/config/validate_filters.h"
#include "lib/routing/route_filters.h"
#include "lib/routing/session_persistence.h"

namespace heddle {
namespace {
using Routes = std::vector<std::shared_ptr<const BoundRoute>>;

ObjectRef ref_of(const ResourceKey& key) { return {key.ns, key.name}; }

void keep_one_kind(Routes& routes) {
  Kind kept = routes.front()->spec->key.kind;
  for (const auto& route : routes) kept = gives_way(kept, route->spec->key.kind) ? route->spec->key.kind : kept;
  std::erase_if(routes, [kept](const auto& route) { return gives_way(route->spec->key.kind, kept); });
}

std::shared_ptr<const Router> router_of(Routes routes, const std::shared_ptr<const Router>& previous) {
  if (routes.empty()) return nullptr;
  keep_one_kind(routes);
  if (previous && previous->routes() == routes) return previous;
  return std::make_shared<const Router>(std::move(routes));
}

std::shared_ptr<const L4Router> l4_router_of(Routes routes, const std::shared_ptr<const L4Router>& previous) {
  if (previous && previous->routes() == routes) return previous;
  return std::make_shared<const L4Router>(std::move(routes));
}

// The router that the snapshot before had for these clients, if it had one.
std::shared_ptr<const L4Router> old_router_of(const L4Routes* routes, std::string_view ns, bool is_own) {
  if (routes == nullptr) return nullptr;
  if (is_own) return routes->producer;
  for (const auto& [consumer, router] : routes->consumers) {
    if (consumer == ns) return router;
  }
  return nullptr;
}

// Of the same spec: what it says itself is the same.
bool same_filters(const RouteRule& a, const RouteRule& b) {
  if (a.filters == nullptr || b.filters == nullptr) return a.filters == b.filters;
  return a.filters->extension() == b.filters->extension() && a.filters->mirrors().has_same_sets(b.filters->mirrors());
}

// Of the same spec, too: a Service as a backend may mean another set now.
bool same_sessions(const RouteRule& a, const RouteRule& b) {
  if (a.session == nullptr || b.session == nullptr) return a.session == b.session;
  return a.session->backends() == b.session->backends();
}

bool same_rules(const BoundRoute& a, const BoundRoute& b) {
  return std::equal(
      a.rules.begin(), a.rules.end(), b.rules.begin(), b.rules.end(), [](const RouteRule& x, const RouteRule& y) {
        return x.id == y.id && x.backends.has_same_backends(y.backends) && same_filters(x, y) && same_sessions(x, y);
      });
}
}  // namespace

SnapshotAssembly::SnapshotAssembly(std::shared_ptr<const Model> model, const Snapshot* previous, SnapshotIds& ids)
    : model_(*model), previous_(previous), ids_(ids), out_(std::make_shared<Snapshot>()) {
  out_->model_ = std::move(model);
  if (previous == nullptr) return;
  for (const auto& route : previous->routes()) previous_routes_[route->spec->key] = &route;
  for (const auto& service : previous->services()) previous_services_[service->spec->key] = &service;
}

std::shared_ptr<const Snapshot> SnapshotAssembly::run(Version version, const ContentHash& hash) {
  out_->version_ = version;
  out_->hash_ = hash;
  assemble_backend_sets();
  assemble_routes();
  attach_routes();
  assemble_services();
  index_names();
  out_->kept_names_ = KeptNames::of(model_, previous_ == nullptr ? nullptr : previous_->kept_names_);
  free_ids();
  return std::move(out_);
}

void SnapshotAssembly::assemble_backend_sets() {
  for (const auto& [key, policy] : model_.health_policies) {
    for (const std::string& target : policy->targets) policy_of_[{key.ns, target}] = policy;
  }
  for (const auto& [key, policy] : model_.traffic_policies) {
    for (const std::string& target : policy->targets) traffic_of_[{key.ns, target}] = policy;
  }
  for (const auto& [key, spec] : model_.backend_sets) {
    BackendSetId id = ids_.backend_sets.get(ref_of(key));
    out_->backend_set_ids_.emplace(ref_of(key), id);
    if (out_->backend_sets_.size() <= id.value()) out_->backend_sets_.resize(id.value() + 1);
    std::shared_ptr<const BackendSetEntry>& slot = out_->backend_sets_[id.value()];
    BackendSetParts parts = parts_of(spec);
    std::shared_ptr<const HealthPolicySpec> health = health_of(parts.parent == nullptr ? *spec : *parts.parent);
    const BackendSetEntry* old_entry = previous_ == nullptr ? nullptr : previous_->backend_set(id);
    bool same = old_entry != nullptr && old_entry->parts == parts;
    if (same && old_entry->health == health) {
      slot = previous_->backend_sets()[id.value()];
      continue;
    }
    auto made = std::make_shared<BackendSetEntry>(BackendSetEntry{id, {}, std::move(health), traffic_of(parts)});
    made->spec = same ? old_entry->spec : effective_backend_set(parts);
    made->parts = std::move(parts);
    slot = std::move(made);
  }
}

BackendSetParts SnapshotAssembly::parts_of(const std::shared_ptr<const BackendSetSpec>& own) const {
  BackendSetParts out{own, nullptr, targeting(own->key), nullptr};
  if (!is_subset(*own)) return out;
  out.parent = model_.backend_sets.at(parent_or_own_key(*own));
  out.parent_traffic = targeting(out.parent->key);
  return out;
}

std::shared_ptr<const HealthPolicySpec> SnapshotAssembly::health_of(const BackendSetSpec& set) const {
  if (!set.health_policy.empty()) {
    return model_.health_policies.at({Kind::kHealthPolicy, set.key.ns, set.health_policy});
  }
  auto it = policy_of_.find(ref_of(set.key));
  return it == policy_of_.end() ? nullptr : it->second;
}

std::shared_ptr<const TrafficPolicySpec> SnapshotAssembly::targeting(const ResourceKey& backend_set) const {
  auto it = traffic_of_.find(ref_of(backend_set));
  return it == traffic_of_.end() ? nullptr : it->second;
}

void SnapshotAssembly::assemble_routes() {
  for (const auto& [key, spec] : model_.http_routes) {
    std::shared_ptr<const BoundRoute> bound = bind(spec);
    auto old_one = previous_routes_.find(key);
    bool same =
        old_one != previous_routes_.end() && (*old_one->second)->spec == spec && same_rules(**old_one->second, *bound);
    if (same) bound = *old_one->second;
    out_->routes_.push_back(std::move(bound));
  }
  out_->route_id_limit_ = ids_.rules.limit();
}

std::shared_ptr<const BoundRoute> SnapshotAssembly::bind(const std::shared_ptr<const HttpRouteSpec>& spec) {
  auto out = std::make_shared<BoundRoute>();
  out->spec = spec;
  out->rules.reserve(spec->rules.size());
  std::span<const RouteId> ids = ids_.rules.get(spec->key, spec->rules.size());
  for (uint32_t i = 0; i < spec->rules.size(); ++i) {
    std::vector<BackendSetId> backends;
    std::vector<uint32_t> weights;
    for (const WeightedBackend& backend : spec->rules[i].backends) {
      backends.push_back(backend_of(backend));
      weights.push_back(backend.weight);
    }
    BackendChoice choice(std::move(backends), weights);
    out->rules.push_back({ids[i], i, spec.get(), std::move(choice), spec->rules[i].timeouts,
                          filters_of(*spec, spec->rules[i]), session_of(*spec, i)});
  }
  return out;
}

std::shared_ptr<const RouteFilters> SnapshotAssembly::filters_of(const HttpRouteSpec& spec,
                                                                 const HttpRouteRule& rule) const {
  std::vector<BackendSetId> mirrors;
  for (const RequestMirror& mirror : *rule.mirrors) mirrors.push_back(backend_of(mirror.to));
  return RouteFilters::make(rule, extension_of(model_, spec, rule), std::move(mirrors));
}

std::shared_ptr<const SessionPersistence> SnapshotAssembly::session_of(const HttpRouteSpec& route,
                                                                       uint32_t rule) const {
  if (route.rules[rule].session.is_default()) return nullptr;
  std::vector<SessionBackend> backends;
  for (const WeightedBackend& backend : route.rules[rule].backends) {
    ObjectRef set = backend_set_of(model_, backend);
    backends.push_back({backend_of(backend), session_scope({Kind::kBackendSet, set.ns, set.name})});
  }
  return std::make_shared<const SessionPersistence>(route, rule, std::move(backends));
}

// Routes attached to a Service that is a backend are not applied again (GAMMA).
BackendSetId SnapshotAssembly::backend_of(const WeightedBackend& backend) const {
  if (is_unresolved(backend)) return kNoBackendSet;
  return out_->backend_set_ids_.at(backend_set_of(model_, backend));
}

void SnapshotAssembly::attach_routes() {
  for (const auto& route : out_->routes_) {
    for (const ParentRef& parent : route->spec->parents) {
      attachments_[parent.service].push_back({&route, parent.port});
    }
  }
}

void SnapshotAssembly::assemble_services() {
  out_->services_.reserve(model_.services.size());
  out_->rows_.reserve(model_.services.size());
  for (const auto& [key, spec] : model_.services) {
    const auto& made = out_->services_.emplace_back(assemble_service(spec));
    const ServicePortEntry* only = made->ports.size() == 1 ? made->ports.data() : nullptr;
    out_->rows_.push_back({made.get(), only, only == nullptr ? uint16_t{0} : only->number});
  }
}

std::shared_ptr<const ServiceEntry> SnapshotAssembly::assemble_service(const std::shared_ptr<const ServiceSpec>& spec) {
  auto known = previous_services_.find(spec->key);
  const ServiceEntry* old_entry = known == previous_services_.end() ? nullptr : known->second->get();
  ServiceEntry entry{spec, {}};
  entry.ports.reserve(spec->ports.size());
  for (const ServicePort& port : spec->ports) {
    ServicePortEntry& made = entry.ports.emplace_back();
    made.port = port;
    made.number = port.port;
    auto set = out_->backend_set_ids_.find({spec->key.ns, port.backend_set});
    if (set != out_->backend_set_ids_.end()) made.backend_set = set->second;
    const ServicePortEntry* old_port = old_entry == nullptr ? nullptr : old_entry->find_port(port.port);
    route_port(*spec, made, old_port);
    route_l4(*spec, made, old_port);
  }
  if (old_entry != nullptr && old_entry->spec == spec && old_entry->ports == entry.ports) return *known->second;
  return std::make_shared<const ServiceEntry>(std::move(entry));
}

std::map<std::string_view, SnapshotAssembly::Routes> SnapshotAssembly::attached_to(const ServiceSpec& service,
                                                                                   uint16_t port, Layer layer) const {
  std::map<std::string_view, Routes> out;
  auto attached = attachments_.find(ref_of(service.key));
  if (attached == attachments_.end()) return out;
  for (const Attachment& attachment : attached->second) {
    const ResourceKey& key = (*attachment.route)->spec->key;
    if (attachment.port && *attachment.port != port) continue;
    if (is_l4_route(key.kind) != (layer == Layer::kConnections)) continue;
    Routes& routes = out[key.ns];
    if (std::find(routes.begin(), routes.end(), *attachment.route) == routes.end()) routes.push_back(*attachment.route);
  }
  return out;
}

void SnapshotAssembly::route_l4(const ServiceSpec& service, ServicePortEntry& port,
                                const ServicePortEntry* previous) const {
  L4Routes made;
  const L4Routes* old_routes = previous == nullptr ? nullptr : previous->l4.get();
  for (auto& [ns, routes] : attached_to(service, port.port.port, Layer::kConnections)) {
    bool is_own = ns == service.key.ns;
    std::shared_ptr<const L4Router> router = l4_router_of(std::move(routes), old_router_of(old_routes, ns, is_own));
    if (is_own) {
      made.producer = std::move(router);
    } else {
      made.consumers.emplace_back(std::string(ns), std::move(router));
    }
  }
  if (made == L4Routes{}) return;
  port.l4 =
      old_routes != nullptr && *old_routes == made ? previous->l4 : std::make_shared<const L4Routes>(std::move(made));
}

void SnapshotAssembly::route_port(const ServiceSpec& service, ServicePortEntry& port,
                                  const ServicePortEntry* previous) const {
  for (auto& [ns, routes] : attached_to(service, port.port.port, Layer::kRequests)) {
    if (ns == service.key.ns) {
      port.producer = router_of(std::move(routes), previous == nullptr ? nullptr : previous->producer);
      continue;
    }
    std::shared_ptr<const Router> old_router;
    for (size_t i = 0; previous != nullptr && i < previous->consumers.size(); ++i) {
      if (previous->consumers[i].first == ns) old_router = previous->consumers[i].second;
    }
    port.consumers.emplace_back(std::string(ns), router_of(std::move(routes), old_router));
  }
}

void SnapshotAssembly::index_names() {
  auto same_spec = [](const auto& a, const auto& b) { return a->spec == b->spec; };
  if (previous_ != nullptr && std::equal(out_->services_.begin(), out_->services_.end(), previous_->services().begin(),
                                         previous_->services().end(), same_spec)) {
    out_->names_ = previous_->names_;
    return;
  }
  auto names = std::make_shared<ServiceNames>();
  for (uint32_t i = 0; i < out_->services_.size(); ++i) {
    const ServiceSpec& spec = *out_->services_[i]->spec;
    names->by_namespace[spec.key.ns].add(spec.key.name, i);
    for (const std::string& name : qualified_names(spec)) names->qualified.add(name, i);
  }
  names->qualified.shrink_to_fit();
  for (auto& [ns, index] : names->by_namespace) index.shrink_to_fit();
  out_->names_ = std::move(names);
}

void SnapshotAssembly::free_ids() {
  ids_.backend_sets.keep([&](const ObjectRef& ref) { return out_->backend_set_ids_.contains(ref); });
  ids_.rules.keep([&](const ResourceKey& key) {
    auto route = model_.http_routes.find(key);
    return route == model_.http_routes.end() ? size_t{0} : route->second->rules.size();
  });
}
}  // namespace heddle
