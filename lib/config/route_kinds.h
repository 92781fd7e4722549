// Which routes count where some of different kinds are attached to one port of a Service: those of one kind only, and
// GRPCRoutes before HTTPRoutes (Gateway API, GEP-1294 "Route types"), whatever their age. Producer routes and the
// consumer routes of each namespace are judged apart, since these replace those (lib/snapshot/snapshot.h). Pure.
#pragma once
#include <string>
#include <vector>

#include "lib/config/model.h"

namespace heddle {
// TCPRoutes and TLSRoutes judge opaque connections, the other kinds requests: they never meet.
constexpr bool is_l4_route(Kind kind) noexcept { return kind == Kind::kTcpRoute || kind == Kind::kTlsRoute; }

// Kind a's routes are ignored where kind b's are attached.
bool gives_way(Kind a, Kind b) noexcept;

// A route that is not accepted for one port of one of its parents.
struct RouteConflict {
  ResourceKey loser;
  size_t parent = 0;  // in spec.parentRefs
  ObjectRef service;
  uint16_t port = 0;
  ResourceKey winner;               // one of them
  std::string parent_path() const;  // "spec.parentRefs[0]"
  // "is not accepted for port 80 of Service default/a: GRPCRoute default/b is attached to it"
  std::string text() const;
};
// Of the whole model, by loser; ports of services that are not in it are not judged.
std::vector<RouteConflict> route_conflicts(const Model&);
}  // namespace heddle
