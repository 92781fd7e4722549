// L4Router: which TLSRoute or TCPRoute an opaque connection of one service port obeys (Gateway API). A TLSRoute counts
// by the server name (SNI) of the client's own TLS ClientHello, exact names before wildcards, the longest wildcard
// first; else a TCPRoute takes the connection, whatever it carries. Ties: oldest route, then "namespace/name".
// Immutable and shared by all workers; match() allocates nothing.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "lib/routing/host_index.h"
#include "lib/routing/router.h"

namespace heddle {
struct L4Match {
  const RouteRule* rule = nullptr;  // nullptr: no route takes the connection
  std::string_view name{};          // that matched: "a.example", ".example" of a wildcard; empty of a TCPRoute
};

class L4Router {
 public:
  // TLSRoutes and TCPRoutes only, each with one rule.
  explicit L4Router(std::vector<std::shared_ptr<const BoundRoute>> routes);

  // `server_name`: without regard to case; empty: the client sent none.
  L4Match match(std::string_view server_name) const noexcept;
  // Whether the ClientHello has to be waited for.
  bool asks_server_name() const noexcept { return names_.size() + suffixes_.size() > 0; }
  const std::vector<std::shared_ptr<const BoundRoute>>& routes() const noexcept { return routes_; }

 private:
  void add_names(const BoundRoute&, uint32_t place);
  const RouteRule* rule_at(uint32_t place) const noexcept { return routes_[place]->rules.data(); }
  std::vector<std::shared_ptr<const BoundRoute>> routes_;  // as they were given
  HostIndex names_;                                        // -> index in routes_
  HostIndex suffixes_;                                     // of wildcards, without "*.": "example.com"
  const RouteRule* tcp_ = nullptr;                         // of the first TCPRoute
};

// Those of one port: the service's own namespace's, and for clients of other namespaces the routes of these, which
// replace the others (GAMMA producer and consumer routes).
struct L4Routes {
  std::shared_ptr<const L4Router> producer;
  std::vector<std::pair<std::string, std::shared_ptr<const L4Router>>> consumers;  // by namespace
  const L4Router* router_for(std::string_view client_ns) const noexcept;           // nullptr: none
  bool operator==(const L4Routes&) const = default;
};
}  // namespace heddle
