#include "lib/config/route_ports.h"

#include <algorithm>

#include "lib/base/strings.h"
#include "lib/config/route_kinds.h"

namespace heddle {
bool may_count_on(Kind route, PortProtocol protocol) noexcept {
  if (protocol == PortProtocol::kAuto) return true;
  return is_l4_route(route) == (protocol == PortProtocol::kTcp);
}

std::optional<std::string> idle_parent(const Model& model, const HttpRouteSpec& route, size_t parent) {
  const ParentRef& ref = route.parents[parent];
  const ServiceSpec* service = find_spec(model.services, Kind::kService, ref.service);
  if (service == nullptr) return std::nullopt;
  bool is_there = false;
  for (const ServicePort& port : service->ports) {
    if (ref.port && *ref.port != port.port) continue;
    if (may_count_on(route.key.kind, port.protocol)) return std::nullopt;
    is_there = true;
  }
  if (!is_there) return std::nullopt;
  std::string ports = ref.port ? str_cat("port ", std::to_string(*ref.port)) : std::string("no port");
  bool is_l4 = is_l4_route(route.key.kind);
  return str_cat(ports, " of Service ", ref.service.ns, "/", ref.service.name,
                 ref.port ? " does not carry " : " carries ",
                 is_l4 ? "opaque connections (protocol tcp or auto)" : "requests (protocol http, http2, grpc or auto)",
                 ": this ", info(route.key.kind).name, " would judge nothing");
}
}  // namespace heddle
