#include "control/translate/node_view.h"

#include <algorithm>

#include "lib/config/content_hash.h"
#include "lib/config/effective_backend_set.h"
#include "lib/policy/authz.h"
#include "lib/policy/visibility.h"

namespace heddle {
namespace {
// Walks the references from services outwards; every resource is visited once.
class Collector {
 public:
  Collector(const ReferenceIndex& index, const SpiffeId& identity) : index_(index) {
    if (auto workload = identity.workload()) ns_ = workload->name_space;
  }

  // False: there is no such service.
  bool add_service(const ObjectRef& ref) {
    StoredResource::Ptr resource = index_.view().find({Kind::kService, ref.ns, ref.name});
    const auto* service = resource == nullptr ? nullptr : spec_of<ServiceSpec>(*resource);
    if (service == nullptr) return false;
    if (!note(resource)) return true;
    for (const ServicePort& port : service->ports) add_backend_set({ref.ns, port.backend_set});
    for (const StoredResource::Ptr& route : index_.routes_of(ref)) add_route(route, ref.ns);
    return true;
  }

  void add(const StoredResource::Ptr& resource) { note(resource); }

  std::vector<StoredResource::Ptr> take() {
    std::vector<StoredResource::Ptr> out;
    out.reserve(found_.size());
    for (auto& [key, resource] : found_) out.push_back(std::move(resource));
    return out;
  }

 private:
  bool note(const StoredResource::Ptr& resource) { return found_.emplace(resource->key(), resource).second; }

  void add_route(const StoredResource::Ptr& resource, std::string_view service_ns) {
    bool is_consumer_route = resource->key().ns != service_ns;
    if (is_consumer_route && resource->key().ns != ns_) return;
    if (!note(resource)) return;
    for (const HttpRouteRule& rule : spec_of<HttpRouteSpec>(*resource)->rules) {
      for (const WeightedBackend& backend : rule.backends) add_backend(backend);
      for (const RequestMirror& mirror : *rule.mirrors) add_backend(mirror.to);
      add_filter({resource->key().ns, rule.filters->extension});
    }
  }

  void add_filter(const ObjectRef& ref) {
    if (ref.name.empty()) return;
    StoredResource::Ptr resource = index_.view().find({Kind::kHttpRouteFilter, ref.ns, ref.name});
    if (resource != nullptr) note(resource);
  }

  void add_backend(const WeightedBackend& backend) {
    if (backend.kind == BackendKind::kBackendSet) {
      add_backend_set(backend.ref);
    } else {
      add_service(backend.ref);
    }
  }

  void add_backend_set(const ObjectRef& ref) {
    StoredResource::Ptr resource = index_.view().find({Kind::kBackendSet, ref.ns, ref.name});
    const auto* set = resource == nullptr ? nullptr : spec_of<BackendSetSpec>(*resource);
    if (set == nullptr || !note(resource)) return;
    StoredResource::Ptr named = index_.view().find({Kind::kHealthPolicy, ref.ns, set->health_policy});
    if (named != nullptr) note(named);
    for (const StoredResource::Ptr& policy : index_.policies_of(ref)) note(policy);
    if (is_subset(*set)) add_backend_set({ref.ns, set->subset->parent});  // it has the endpoints
  }

  const ReferenceIndex& index_;
  std::string_view ns_;  // of the sidecar's identity
  std::map<ResourceKey, StoredResource::Ptr> found_;
};

// What protects and limits the workload of this identity.
void add_workload_policies(const ReferenceIndex& index, const SpiffeId& identity, Collector& out) {
  AuthzSubject subject;
  if (auto own = identity.workload()) subject.namespaces.emplace(own->name_space);
  for (const StoredResource::Ptr& resource : index.workloads_of(identity)) {
    subject.namespaces.insert(resource->key().ns);
    subject.workloads.push_back(spec_of<WorkloadSpec>(*resource));
  }
  auto add_of = [&](std::string_view name_space) {
    for (const StoredResource::Ptr& policy : index.authorization_in(name_space)) {
      if (selects(*spec_of<AuthorizationPolicySpec>(*policy), subject)) out.add(policy);
    }
  };
  auto add_limits_of = [&](std::string_view name_space) {
    for (const StoredResource::Ptr& policy : index.rate_limits_in(name_space)) {
      const auto* spec = spec_of<RateLimitPolicySpec>(*policy);
      if (selects(spec->target, spec->key.ns, subject)) out.add(policy);
    }
  };
  for (const std::string& name_space : subject.namespaces) add_of(name_space);
  for (const std::string& name_space : subject.namespaces) add_limits_of(name_space);
  add_of(kMeshNamespace);
}

bool may_see(const View& view, const ResourceKey& key, const SpiffeId& identity) {
  StoredResource::Ptr resource = view.find(key);
  const auto* service = resource == nullptr ? nullptr : spec_of<ServiceSpec>(*resource);
  return service != nullptr && is_visible(*service, identity);
}

std::vector<StoredResource::Ptr> everything(const View& view) {
  std::vector<StoredResource::Ptr> out;
  view.for_each([&out](const StoredResource::Ptr& resource) { out.push_back(resource); });
  return out;
}
}  // namespace

// Names hold no line break.
std::string request_text(const NodeRequest& request) {
  std::string out = request.identity.text();
  out.push_back(request.scope == WatchScope::kEverything ? '*' : '\n');
  for (const ResourceKey& want : request.wants) out.append(want.text()).push_back('\n');
  return out;
}

ScopeSet::Ptr make_scope_set(std::vector<StoredResource::Ptr> resources) {
  std::sort(resources.begin(), resources.end(),
            [](const StoredResource::Ptr& a, const StoredResource::Ptr& b) { return a->key_text() < b->key_text(); });
  ContentHasher hasher;
  for (const StoredResource::Ptr& resource : resources) hasher.put(resource->key_text(), resource->digest());
  return std::make_shared<const ScopeSet>(ScopeSet{std::move(resources), hasher.value()});
}

NodeView node_view(const ReferenceIndex& index, const NodeRequest& request) {
  const View& view = index.view();
  NodeView out{view.version(), nullptr, {}};
  if (request.scope == WatchScope::kEverything) {
    out.set = make_scope_set(everything(view));
    return out;
  }
  Collector collector(index, request.identity);
  std::set<ResourceKey> own;
  for (const StoredResource::Ptr& resource : index.workloads_of(request.identity)) {
    collector.add(resource);
    const auto* workload = spec_of<WorkloadSpec>(*resource);
    for (const std::string& name : workload->services) own.insert({Kind::kService, workload->key.ns, name});
  }
  add_workload_policies(index, request.identity, collector);
  for (const ResourceKey& key : own) collector.add_service({key.ns, key.name});
  for (const ResourceKey& key : request.wants) {
    bool seen = own.contains(key) || may_see(view, key, request.identity);
    if (!seen || !collector.add_service({key.ns, key.name})) out.unknown.push_back(key);
  }
  out.set = make_scope_set(collector.take());
  return out;
}
}  // namespace heddle
