// Configurations and requests made by chance from a seed, for tests that compare what `explain` says with what traffic
// does: services of two namespaces and two ports, HTTPRoutes and GRPCRoutes with every kind of match, producer and
// consumer routes, weights, subsets, filters, faults, mirrors, sessions, policies. Every seed gives the same on every
// machine. Pure.
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
  std::array<Address, 2> mirrors;  // plaintext; get copies only
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
}  // namespace heddle
