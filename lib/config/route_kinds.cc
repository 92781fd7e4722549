#include "lib/config/route_kinds.h"

#include <tuple>

#include "lib/base/strings.h"

namespace heddle {
namespace {
using PortOfClients = std::tuple<ObjectRef, uint16_t, std::string_view>;  // the last: the namespace of the routes

// Calls visit(parent, service port) for every port that a route is attached to.
template <class Visit>
void for_each_port(const Model& model, const HttpRouteSpec& route, Visit&& visit) {
  for (size_t i = 0; i < route.parents.size(); ++i) {
    const ParentRef& parent = route.parents[i];
    const ServiceSpec* service = find_spec(model.services, Kind::kService, parent.service);
    if (service == nullptr) continue;
    for (const ServicePort& port : service->ports) {
      if (!parent.port || *parent.port == port.port) visit(i, port.port);
    }
  }
}
}  // namespace

bool gives_way(Kind a, Kind b) noexcept { return a == Kind::kHttpRoute && b == Kind::kGrpcRoute; }

std::string RouteConflict::parent_path() const { return str_cat("spec.parentRefs[", std::to_string(parent), "]"); }

std::string RouteConflict::text() const {
  return str_cat("is not accepted for port ", std::to_string(port), " of Service ", service.ns, "/", service.name, ": ",
                 info(winner.kind).name, " ", winner.ns, "/", winner.name, " is attached to it");
}

std::vector<RouteConflict> route_conflicts(const Model& model) {
  std::map<PortOfClients, const ResourceKey*> winners;
  for (const auto& [key, route] : model.http_routes) {
    if (key.kind != Kind::kGrpcRoute) continue;
    for_each_port(model, *route, [&, &own = key, &spec = *route](size_t parent, uint16_t port) {
      winners.emplace(PortOfClients(spec.parents[parent].service, port, own.ns), &own);
    });
  }
  std::vector<RouteConflict> out;
  if (winners.empty()) return out;
  for (const auto& [key, route] : model.http_routes) {
    for_each_port(model, *route, [&, &own = key, &spec = *route](size_t parent, uint16_t port) {
      const ObjectRef& service = spec.parents[parent].service;
      auto winner = winners.find({service, port, own.ns});
      if (winner == winners.end() || !gives_way(own.kind, winner->second->kind)) return;
      out.push_back({own, parent, service, port, *winner->second});
    });
  }
  return out;
}
}  // namespace heddle
