// ClusterObjects: what the API server says there is, as the watches heard it: core objects as they came, and resources
// of ours and of the Gateway API by their key. Plain container; whoever feeds it says when every kind was listed. Pure,
// control loop. Objects are kept as they are: readers take what they understand, and say what they do not.
#pragma once
#include <map>
#include <set>

#include "lib/api/resource.h"
#include "lib/base/json.h"
#include "lib/config/model.h"

namespace heddle {
// Core objects that are translated, not taken over.
enum class ClusterKind : uint8_t { kNamespace, kService, kEndpointSlice, kEndpoints, kPod };
inline constexpr size_t kClusterKinds = 5;
std::string_view to_text(ClusterKind) noexcept;

class ClusterObjects {
 public:
  using Objects = std::map<ObjectRef, JsonValue>;
  // By metadata.namespace (empty for a Namespace) and metadata.name; an object without a name is not taken: false.
  bool put(ClusterKind, const JsonValue& object);
  void erase(ClusterKind, const ObjectRef&);
  const Objects& all(ClusterKind kind) const { return objects_[static_cast<size_t>(kind)]; }
  const JsonValue* find(ClusterKind, const ObjectRef&) const;

  // Routes and policies: kinds that Heddle has itself.
  void put_resource(const ResourceKey& key, const JsonValue& object) { resources_[key] = object; }
  void erase_resource(const ResourceKey& key) { resources_.erase(key); }
  const std::map<ResourceKey, JsonValue>& resources() const noexcept { return resources_; }

 private:
  Objects objects_[kClusterKinds];
  std::map<ResourceKey, JsonValue> resources_;
};

// What is wrong with one object of the cluster; it goes into that object's status or into an event of it.
struct ClusterProblem {
  std::string object;  // "Service shop/hello"
  std::string field;   // "spec.ports[1].protocol"; empty: the whole
  std::string message;
  std::string text() const;
  bool operator==(const ClusterProblem&) const = default;
};
using ClusterProblems = std::vector<ClusterProblem>;

// Reading of objects that others wrote: what is not there or has another type is nothing.
std::string_view text_at(const JsonValue&, JsonValue::Path);  // as long as the object lives
bool is_true_at(const JsonValue&, JsonValue::Path);
std::optional<std::string> annotation(const JsonValue& object, std::string_view name);  // of "heddle.dev/": without it
}  // namespace heddle
