// A rule of a route in words: what it asks for, where it leads, and how two rules with one match differ. Equal matches
// have equal text. Pure.
#pragma once
#include <string>

#include "lib/routing/router.h"

namespace heddle {
// "PathPrefix /cart, method GET, header x-user Exact ada"; "PathPrefix /" asks for nothing.
std::string match_text(const RouteCandidate&);
// "default/hello"; "default/hello 90%, default/hello-v2 10%"; "a filter answers"
std::string does_text(const RouteRule&);
// Of the same route, leading to the same backends, with the same filters, timeouts, retries and sessions.
bool does_the_same(const RouteRule&, const RouteRule&);
// " (by HTTPRoute default/b rule 0 now; other filters, timeouts)"; empty: no difference but in where they lead.
std::string difference_text(const RouteRule& before, const RouteRule& after);
}  // namespace heddle
