// Receivers: whose sidecars would receive a request: the identities of the endpoints found, for what explain() says
// about policies that are enforced there. Pure.
#pragma once
#include <set>
#include <string>

#include "lib/decision/explain.h"

namespace heddle {
struct Receivers {
  static constexpr size_t kMax = 16;  // identities that are judged; replicas share one
  std::set<std::string> identities;
  bool others = false;  // endpoints without a sidecar of ours, or more than are judged
};
Receivers receivers_of(const Model&, const Explanation& found);
}  // namespace heddle
