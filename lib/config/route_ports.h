// Which ports of a Service routes of a kind can have a say on: HTTPRoutes and GRPCRoutes judge requests, TCPRoutes and
// TLSRoutes opaque connections, and a port of `protocol: auto` may carry both. Pure.
#pragma once
#include <optional>
#include <string>

#include "lib/config/model.h"

namespace heddle {
bool may_count_on(Kind route, PortProtocol) noexcept;

// Why spec.parentRefs[parent] of the route can never have a say; nothing where it can, or where its Service or port is
// not in the model.
std::optional<std::string> idle_parent(const Model&, const HttpRouteSpec& route, size_t parent);
}  // namespace heddle
