// SnapshotAssembly: a validated model -> Snapshot, taking over from the previous one every part that is the same.
// Private to lib/snapshot; lives for one build. It cannot fail: validate() saw to the references.
#pragma once
#include "lib/snapshot/id_table.h"
#include "lib/snapshot/snapshot.h"

namespace heddle {
struct SnapshotIds {
  IdTable<ObjectRef, BackendSetId> backend_sets;
  PartIdTable<ResourceKey, RouteId> rules;  // the parts of a route are its rules
};

class SnapshotAssembly {
 public:
  SnapshotAssembly(std::shared_ptr<const Model> model, const Snapshot* previous, SnapshotIds& ids);
  std::shared_ptr<const Snapshot> run(Version version, const ContentHash& hash);

 private:
  struct Attachment {
    const std::shared_ptr<const BoundRoute>* route;
    std::optional<uint16_t> port;
  };
  void assemble_backend_sets();
  BackendSetParts parts_of(const std::shared_ptr<const BackendSetSpec>&) const;
  std::shared_ptr<const HealthPolicySpec> health_of(const BackendSetSpec&) const;
  std::shared_ptr<const TrafficPolicySpec> targeting(const ResourceKey& backend_set) const;
  void assemble_routes();
  std::shared_ptr<const BoundRoute> bind(const std::shared_ptr<const HttpRouteSpec>&);
  std::shared_ptr<const SessionPersistence> session_of(const HttpRouteSpec&, uint32_t rule) const;
  BackendSetId backend_of(const WeightedBackend&) const;
  std::shared_ptr<const RouteFilters> filters_of(const HttpRouteSpec&, const HttpRouteRule&) const;
  void attach_routes();
  void assemble_services();
  std::shared_ptr<const ServiceEntry> assemble_service(const std::shared_ptr<const ServiceSpec>&);
  void route_port(const ServiceSpec&, ServicePortEntry&, const ServicePortEntry* previous) const;
  void route_l4(const ServiceSpec&, ServicePortEntry&, const ServicePortEntry* previous) const;
  using Routes = std::vector<std::shared_ptr<const BoundRoute>>;
  enum class Layer : uint8_t { kRequests, kConnections };
  // Of that port, by namespace of the routes.
  std::map<std::string_view, Routes> attached_to(const ServiceSpec&, uint16_t port, Layer) const;
  void index_names();
  void free_ids();

  const Model& model_;
  const Snapshot* previous_;
  SnapshotIds& ids_;
  std::shared_ptr<Snapshot> out_;
  std::map<ObjectRef, std::shared_ptr<const HealthPolicySpec>> policy_of_;  // by targeted backend set
  std::map<ObjectRef, std::shared_ptr<const TrafficPolicySpec>> traffic_of_;
  std::map<ResourceKey, const std::shared_ptr<const BoundRoute>*> previous_routes_;
  std::map<ResourceKey, const std::shared_ptr<const ServiceEntry>*> previous_services_;
  std::map<ObjectRef, std::vector<Attachment>> attachments_;  // by service
};
}  // namespace heddle
