// DirectSets: a backend set of one endpoint for each destination that an intercepted connection goes to as it is: the
// local application, an endpoint called by its own address, an address outside the mesh. Belongs to a worker's loop.
// At most kMax at once; when there are more, those that nobody uses go, with their idle connections.
#pragma once
#include <memory>
#include <unordered_map>

#include "proxy/exchange/route_target.h"

namespace heddle {
class DirectSets {
 public:
  static constexpr size_t kMax = 1000;
  explicit DirectSets(UpstreamContext& upstream) : upstream_(upstream) {}
  // `like`: name, tls and protocol; `to`: the endpoint. The same set while both are the same. nullptr: kMax are in use.
  // Neither health checks nor limits of policies apply, for there is nobody else to go to.
  struct Row {
    std::shared_ptr<const BackendSetSpec> like;
    std::shared_ptr<BackendSet> set;
    RouteRuntime* runtime = nullptr;  // the caller's; lives as long as the worker
  };
  // Valid until the next call.
  Row* of(const std::shared_ptr<const BackendSetSpec>& like, const Endpoint& to);
  size_t size() const noexcept { return sets_.size(); }

 private:
  UpstreamContext& upstream_;
  std::unordered_map<Address, Row> sets_;
};

// Of destinations without TLS: the application, or who is not of the mesh.
std::shared_ptr<const BackendSetSpec> plain_set(std::string name, UpstreamProtocol);
Endpoint endpoint_at(const Address&);
}  // namespace heddle
