// PlanRoutes: what a change does to the rules that requests and connections are routed by, port by port: which come, go
// or do something else, and which can never be reached since another one with the same match goes before it (Gateway
// API: precedence of matches; lib/config/route_kinds.h for kinds that push others aside). Only services whose routing
// changed are looked at: the two snapshots are made by one ParsedSnapshots, which shares what is the same. Pure.
// Limit: 500 rows are told, all are counted.
#pragma once
#include <string>
#include <vector>

#include "lib/snapshot/snapshot.h"

namespace heddle {
struct PlannedRoute {
  enum class What : uint8_t { kAdded, kRemoved, kChanged, kShadowed, kUncovered };
  What what = What::kAdded;
  std::string service;  // "default/hello"
  uint16_t port = 0;
  std::string clients{};  // of which namespace; empty: all (consumer routes, GEP-1294)
  std::string match{};    // "PathPrefix /cart, method GET, header x-user Exact ada"
  std::string rule{};     // "HTTPRoute default/hello rule 2"; of a removed one the old
  std::string before{};   // where it leads: "default/hello 90%, default/hello-v2 10%"
  std::string after{};
  std::string by{};  // of kShadowed: the rule or route that goes before it
  bool operator==(const PlannedRoute&) const = default;
};
std::string_view to_text(PlannedRoute::What) noexcept;  // "added"

struct PlanRoutes {
  static constexpr size_t kMaxRows = 500;
  size_t count = 0;
  std::vector<PlannedRoute> rows;  // by service and port, the first of them
};
PlanRoutes plan_routes(const Snapshot& before, const Snapshot& after);
}  // namespace heddle
