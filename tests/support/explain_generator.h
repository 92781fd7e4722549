// Configurations and requests made by chance from a seed, for tests that compare what `explain` says with what traffic
// does: services of two namespaces and two ports, routes with every kind of match, producer and consumer routes,
// weights, filters, faults, policies. Every seed gives the same on every machine. Pure.
#pragma once
#include <array>
#include <set>
#include <string>
#include <vector>

#include "lib/base/address.h"
#include "lib/decision/explain_query.h"

namespace heddle {
// Where the backend sets of a generated configuration lead.
struct GeneratedPlaces {
  std::array<Address, 4> origins;  // plaintext
  Address guarded;                 // a sidecar
  std::string identity;            // its own
};

struct GeneratedMesh {
  std::string yaml;
  // Rules that mark what obeys them with a field x-rule of that value, "default/r0#1".
  std::set<std::string> marked;
  std::vector<ExplainWords> requests;  // each with its draw
};

GeneratedMesh generate_mesh(uint64_t seed, const GeneratedPlaces&, size_t requests);
// By the set's name: "o0" ... "o3", "app" behind the sidecar; empty: it has no endpoint.
std::string origin_of_set(std::string_view backend_set);
}  // namespace heddle
