// RouteCells: what a rule and a backend set (or a port without rules) count into, as one listener of one worker knows
// it for the snapshot in hand. Open addressing with whole keys: a request touches one cache line. Belongs to its
// OutboundRouter; does not own what it points to.
#pragma once
#include <cstdint>
#include <vector>

#include "lib/snapshot/snapshot.h"

namespace heddle {
struct RouteRuntime;

class RouteCells {
 public:
  // Never 0, never equal for two that differ: an address of ours has its highest bit clear.
  static uint64_t key_of(RouteId rule, BackendSetId set) noexcept {
    return uint64_t{1} << 63 | uint64_t{rule.value()} << 32 | set.value();
  }
  static uint64_t key_of(const ServicePortEntry& port) noexcept { return reinterpret_cast<uintptr_t>(&port); }

  // nullptr is there when the key is new. Valid until the next call.
  RouteRuntime*& operator[](uint64_t key);
  void clear() noexcept;

 private:
  struct Cell {
    uint64_t key = 0;  // 0: free
    RouteRuntime* runtime = nullptr;
  };
  Cell& cell_of(uint64_t key) noexcept;
  void grow();
  std::vector<Cell> cells_;  // a power of two, at most half taken
  size_t size_ = 0;
};
}  // namespace heddle
