// KubeDiscovery: which groups, versions and kinds an API server serves. KubeServed is what it found: pure.
#pragma once
#include <map>
#include <set>

#include "control/kube/kube_client.h"
#include "control/kube/kube_resource.h"

namespace heddle {
class KubeServed {
 public:
  // Of /apis: groups with their versions, the server's preferred one first. kUpstreamProtocolError.
  Result<void> add_groups(const JsonValue& group_list);
  // Of /api/v1 and /apis/<group>/<version>: resources that can be listed and watched.
  Result<void> add_resources(std::string_view group, std::string_view version, const JsonValue& resource_list);

  bool has(const KubeResource& resource) const { return resources_.contains(path_of(resource)); }
  // Of this plural: the first of these versions that is served, else, without versions, the server's preferred one.
  std::optional<KubeResource> find(std::string_view group, std::string_view plural,
                                   std::initializer_list<std::string_view> versions = {}) const;
  // The kind that a resource holds; empty: it is not served.
  std::string kind(const KubeResource&) const;
  // Where the endpoints of Services are: discovery.k8s.io/v1 or v1beta1 EndpointSlices, else core/v1 Endpoints.
  KubeResource endpoints() const;
  std::vector<std::string> versions(std::string_view group) const;

 private:
  static std::string path_of(const KubeResource& resource) { return resource.path(); }
  std::map<std::string, std::vector<std::string>, std::less<>> versions_;  // of a group
  std::map<std::string, std::string, std::less<>> resources_;              // path -> kind
};

class KubeDiscovery {
 public:
  using Done = UniqueFunction<void(Result<KubeServed>)>;
  explicit KubeDiscovery(KubeClient& client) : client_(client) {}
  // Core/v1, and every version of these groups that is served; a group that is not is no error. `done` runs once, from
  // the loop. Errors: of KubeStatus.
  [[nodiscard]] Pending discover(std::set<std::string> groups, Done done);

 private:
  class Round;
  KubeClient& client_;
};
}  // namespace heddle
