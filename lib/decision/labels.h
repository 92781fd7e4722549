// How a decision names what it looked at, in traces and explanations: as authors know it. Pure.
#pragma once
#include <string>

#include "lib/routing/router.h"

namespace heddle {
std::string short_name(const ResourceKey&);  // "default/hello"
std::string label(const ResourceKey&);       // "HTTPRoute default/hello"
std::string label(const RouteRule&);         // "HTTPRoute default/hello rule 2 (its name)"
std::string label(const RouteCandidate&);    // its match: "PathPrefix /a", "Exact shop.Carts/Get", "every method"
}  // namespace heddle
