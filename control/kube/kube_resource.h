// KubeResource: where the objects of one kind are in the Kubernetes API; KubeKey: which of them. Pure values.
#pragma once
#include <compare>
#include <string>
#include <string_view>

#include "lib/base/json.h"

namespace heddle {
struct KubeResource {
  std::string group;  // empty: core
  std::string version;
  std::string plural;  // "endpointslices"

  // "/apis/discovery.k8s.io/v1/endpointslices", "/api/v1/namespaces/a/services/b/status". An empty namespace: all of
  // them, or an object that is in none. Names are percent-encoded.
  std::string path(std::string_view in_namespace = {}, std::string_view name = {}, std::string_view sub = {}) const;
  std::string group_version() const;  // "discovery.k8s.io/v1", "v1": an object's apiVersion
  bool operator==(const KubeResource&) const = default;
};

struct KubeKey {
  std::string namespace_name;  // empty: in none
  std::string name;
  // Of metadata; kUpstreamProtocolError without a name.
  static Result<KubeKey> of(const JsonValue& object);
  std::string text() const;  // "namespace/name", "name"
  auto operator<=>(const KubeKey&) const = default;
};

// metadata.resourceVersion: opaque, to be compared for equality alone. Empty when there is none.
std::string resource_version(const JsonValue& object);

// For paths and queries: all but letters, digits and "-._~".
std::string percent_encode(std::string_view);
}  // namespace heddle
