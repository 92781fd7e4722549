// What resources say about balancing and subsets, as /config shows it: in the form in which authors write it. Pure.
#pragma once
#include "lib/base/json_writer.h"
#include "lib/config/model.h"

namespace heddle {
// The member "loadBalancer" of the object that is open.
void write_load_balancer(JsonWriter&, const LbSpec&);
void write_load_balancer(JsonWriter&, const LbOverride&);  // of a TrafficPolicy: what it says
// All that a subset says itself.
void write_subset(JsonWriter&, const BackendSetSpec&);
}  // namespace heddle
