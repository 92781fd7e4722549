// What is written into an object's `status` in the cluster, without fighting other controllers: of a route the entries
// of `parents` that are ours (by controllerName), of our own kinds `conditions`. Entries of others stay as they are;
// lastTransitionTime moves only when a condition's status does; a status that tells of a newer generation than we
// judged is left alone; what is equal is not written. Pure. Source: Gateway API, RouteStatus and metav1.Condition.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/json.h"

namespace heddle {
inline constexpr std::string_view kControllerName = "heddle.dev/controller";

struct ObjectCondition {
  std::string type;    // Accepted, ResolvedRefs, Programmed
  std::string status;  // True, False, Unknown
  std::string reason;  // one word
  std::string message;
};

struct ParentStatus {
  JsonValue parent_ref;  // as it stands in spec.parentRefs
  std::vector<ObjectCondition> conditions;
};

// The whole new `status`; nothing: there is nothing to write. `generation`: of the object that was judged.
std::optional<JsonValue> route_status(const JsonValue& object, int64_t generation,
                                      const std::vector<ParentStatus>& ours, WallTime now);
std::optional<JsonValue> policy_status(const JsonValue& object, int64_t generation,
                                       const std::vector<ObjectCondition>& ours, WallTime now);

// What translation and the sidecars say of one object -> conditions. `problems`: of this object; `programmed`: as in
// the API of the control plane, nothing where it is not known.
struct ObjectVerdict {
  std::vector<std::pair<std::string, std::string>> problems;  // field, message
  std::optional<ObjectCondition> programmed;
};
std::vector<ObjectCondition> conditions_of(const ObjectVerdict&);
}  // namespace heddle
