// ResourceView: a stored resource as the API shows it: its document, `status.conditions` (whether it is live:
// control/api/resource_conditions.h), and of a route `status.parents` with the
// conditions of the Gateway API (Accepted, ResolvedRefs), worked out from the newest version and stored nowhere. What
// is stored resolves (validate()), so only the kinds of routes can conflict (lib/config/route_kinds.h), or a parent
// carry nothing that the route judges (NoMatchingParent, lib/config/route_ports.h). Owned by one answer; control loop.
// Cost: the conflicts of the whole model, once, if it shows a route at all.
#pragma once
#include <optional>

#include "control/api/answers.h"
#include "control/api/resource_conditions.h"
#include "control/store/store.h"
#include "lib/base/json.h"
#include "lib/config/model.h"
#include "lib/config/route_kinds.h"

namespace heddle {
class ResourceView {
 public:
  static constexpr std::string_view kController = "heddle.dev/controller";

  explicit ResourceView(View view, ResourceConditions conditions = {})
      : view_(std::move(view)), conditions_(std::move(conditions)) {}
  JsonValue document(const StoredResource&);

 private:
  JsonValue parents_of(const StoredResource&, const JsonValue& document);
  JsonValue accepted(const ResourceKey& route, size_t parent, const JsonValue& ref,
                     const std::optional<JsonValue>& generation);
  const Model& model();
  // The conflicts of one parent; of all the ports it names, whether every one is lost.
  std::vector<const RouteConflict*> conflicts_of(const ResourceKey& route, size_t parent);
  bool all_lost(const RouteConflict&, size_t lost, bool names_port) const;
  View view_;
  ResourceConditions conditions_;
  std::optional<Model> model_;
  std::optional<std::vector<RouteConflict>> conflicts_;
};

// What is valid after the transaction, but not what its author can have meant: routes that push aside, or are pushed
// aside by, what it wrote, and those it wrote whose parents carry nothing they judge (lib/config/route_ports.h).
std::vector<ApiProblem> warnings_of(const Transaction&, const View& after);
}  // namespace heddle
