// Snapshot: everything a sidecar obeys, at one version: complete, indexed, immutable. Made by SnapshotBuilder on the
// offload thread, shared by all workers, read without locks. Parts that did not change are the same objects as in the
// snapshot before, so "changed" is a comparison of pointers. Lookups allocate nothing. It never knows health or load.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/content_hash.h"
#include "lib/config/effective_backend_set.h"
#include "lib/config/model.h"
#include "lib/routing/host_index.h"
#include "lib/routing/l4_router.h"
#include "lib/routing/router.h"
#include "lib/snapshot/kept_names.h"

namespace heddle {
struct BackendSetEntry {
  BackendSetId id;
  std::shared_ptr<const BackendSetSpec> spec;        // in force: with what its parent and its policy say
  std::shared_ptr<const HealthPolicySpec> health;    // nullptr: not checked actively; of a subset its parent's
  std::shared_ptr<const TrafficPolicySpec> traffic;  // nullptr: the proxy's defaults
  BackendSetParts parts{};                           // what `spec` was made of
};

// What requests look at stands first, in one cache line.
struct alignas(64) ServicePortEntry {
  uint16_t number = 0;                      // port.port: what requests look at stands first
  std::optional<BackendSetId> backend_set;  // where no route is attached
  // Routes of the service's own namespace are for every client; those of another namespace are for the clients there
  // and replace the others for them (GAMMA producer and consumer routes).
  std::shared_ptr<const Router> producer;
  std::vector<std::pair<std::string, std::shared_ptr<const Router>>> consumers;  // by namespace
  ServicePort port;
  std::shared_ptr<const L4Routes> l4;  // of opaque connections; nullptr: no TCPRoute or TLSRoute is attached

  // nullptr: no route is attached for these clients.
  const Router* router_for(std::string_view client_ns) const noexcept;
  const L4Router* l4_router_for(std::string_view client_ns) const noexcept {
    return l4 == nullptr ? nullptr : l4->router_for(client_ns);
  }
  bool operator==(const ServicePortEntry& other) const noexcept;
};

struct ServiceEntry {
  std::shared_ptr<const ServiceSpec> spec;
  std::vector<ServicePortEntry> ports;  // in the order of the spec
  const ServicePortEntry* find_port(uint16_t number) const noexcept;
};

struct ServiceRef {
  const ServiceEntry* service = nullptr;
  const ServicePortEntry* port = nullptr;
  explicit operator bool() const noexcept { return port != nullptr; }
};

// Names of services -> index in Snapshot::services().
struct ServiceNames {
  HostIndex qualified;                                         // name.ns, name.ns.svc..., extra hosts
  std::map<std::string, HostIndex, std::less<>> by_namespace;  // bare names
};

class Snapshot {
 public:
  Version version() const noexcept { return version_; }
  const ContentHash& hash() const noexcept { return hash_; }
  const Model& model() const noexcept { return *model_; }  // for display and for what workers do not need

  // What a client in `client_ns` means by `host` (no port): first its own namespace's services by bare name, then
  // qualified names and extra hosts. nullptr: unknown.
  const ServiceEntry* find_service(std::string_view host, std::string_view client_ns) const noexcept;
  // By "host" or "host:port". Without a port: 80 if the service has it, else its only port.
  ServiceRef resolve(std::string_view authority, std::string_view client_ns) const noexcept;
  std::span<const std::shared_ptr<const ServiceEntry>> services() const noexcept { return services_; }  // by key

  // nullptr when this snapshot has no such id.
  const BackendSetEntry* backend_set(BackendSetId id) const noexcept;
  const BackendSetEntry* find_backend_set(const ObjectRef&) const noexcept;
  // Indexed by id; holes are nullptr.
  std::span<const std::shared_ptr<const BackendSetEntry>> backend_sets() const noexcept { return backend_sets_; }

  std::span<const std::shared_ptr<const BoundRoute>> routes() const noexcept { return routes_; }  // by key
  size_t route_id_limit() const noexcept { return route_id_limit_; }  // every RouteId is below it

  // Never nullptr of a snapshot that was built.
  const std::shared_ptr<const KeptNames>& kept_names() const noexcept { return kept_names_; }

 private:
  friend class SnapshotAssembly;
  // What resolve() asks of most services, side by side: those of one port need not be looked at themselves.
  struct Row {
    const ServiceEntry* service = nullptr;
    const ServicePortEntry* only_port = nullptr;  // nullptr: there are several, or none
    uint16_t only_number = 0;
  };
  std::optional<uint32_t> find_index(std::string_view host, std::string_view client_ns) const noexcept;
  Version version_;
  ContentHash hash_{};
  std::shared_ptr<const Model> model_;
  std::shared_ptr<const ServiceNames> names_;
  std::vector<std::shared_ptr<const ServiceEntry>> services_;
  std::vector<Row> rows_;  // of services_
  std::vector<std::shared_ptr<const BackendSetEntry>> backend_sets_;
  std::map<ObjectRef, BackendSetId> backend_set_ids_;
  std::vector<std::shared_ptr<const BoundRoute>> routes_;
  size_t route_id_limit_ = 0;
  std::shared_ptr<const KeptNames> kept_names_;
};

// What a worker has to do to come from one snapshot to another, whichever ones it skipped between them.
// Removals come first: an id may stand in `removed` and, for another set, in `added`.
struct ChangeList {
  std::vector<BackendSetId> removed;
  std::vector<BackendSetId> replaced;  // same backend set, new content
  std::vector<BackendSetId> added;
  bool services_changed = false;  // names, ports or routes
  bool empty() const noexcept { return removed.empty() && replaced.empty() && added.empty() && !services_changed; }
};
// Compares pointers; `from` may be nullptr.
ChangeList compare_snapshots(const Snapshot* from, const Snapshot& to);
}  // namespace heddle
