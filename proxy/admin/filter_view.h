// Filters of routes in the configuration that the admin API shows: as they were written, values that may be secrets
// redacted. Pure.
#pragma once
#include "lib/base/json_writer.h"
#include "lib/config/model.h"

namespace heddle {
// A member `filters`, where there are some.
void write_filters(JsonWriter&, const HttpRouteRule&);
void write_filters(JsonWriter&, const BackendFilters&);
// The members of a backendRef that say which backend it is.
void write_backend_ref(JsonWriter&, const WeightedBackend&);
// The members of the spec.
void write_http_route_filter(JsonWriter&, const HttpRouteFilterSpec&);
}  // namespace heddle
