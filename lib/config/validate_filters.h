// What HTTPRoutes and the HTTPRouteFilters they name get wrong together. Part of validate(). Pure.
#pragma once
#include "lib/config/model.h"

namespace heddle {
void check_route_filters(const Model&, const HttpRouteSpec&, ConfigProblems&);
// The HTTPRouteFilter that the rule of this route names; nullptr: none, or there is no such.
std::shared_ptr<const HttpRouteFilterSpec> extension_of(const Model&, const HttpRouteSpec&, const HttpRouteRule&);
}  // namespace heddle
