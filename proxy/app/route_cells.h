// RouteCells: what a rule and a backend set (or a port without rules) count into, as one listener of one worker knows
// it for the snapshot in hand. The first backend set of each rule is found by the number of the rule: the rules of one
// service are neighbours, so requests touch few cache lines. Belongs to its OutboundRouter; does not own what it points
// to.
#pragma once
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "lib/snapshot/snapshot.h"

namespace heddle {
struct RouteRuntime;

class RouteCells {
 public:
  // For another snapshot: forgets everything. Every RouteId is below the limit.
  void reset(size_t route_id_limit);
  // nullptr is there when the pair is new. Valid until the next call.
  RouteRuntime*& of(RouteId rule, BackendSetId set) {
    Cell& cell = by_rule_[rule.value()];
    if (cell.runtime == nullptr) cell.set = set;
    return cell.set == set ? cell.runtime : others_[uint64_t{rule.value()} << 32 | set.value()];
  }
  RouteRuntime*& of(const ServicePortEntry& port) { return by_port_[&port]; }

 private:
  struct Cell {
    RouteRuntime* runtime = nullptr;
    BackendSetId set;
  };
  std::vector<Cell> by_rule_;
  std::unordered_map<uint64_t, RouteRuntime*> others_;  // further backend sets of a rule
  std::unordered_map<const ServicePortEntry*, RouteRuntime*> by_port_;
};
}  // namespace heddle
