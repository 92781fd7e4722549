// MaglevTable: consistent hashing by a table of fixed size (Eisenbud et al., "Maglev", NSDI 2016, §3.4). Every endpoint
// has an order of preference over all slots; in turns, as often as its weight says, each takes its next free one. A key
// is looked up in one step, shares are exact to one slot, and a change of the endpoints moves little more than it must.
// 65,537 slots of 4 bytes: 256 KiB, whatever the number of endpoints; of more endpoints than slots the last get none.
// A pure value; build() allocates and takes milliseconds, lookups do not.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "proxy/lb/hash_ring.h"

namespace heddle {
class MaglevTable {
 public:
  static constexpr size_t kSlots = 65'537;  // a prime: every step visits all slots

  void build(std::span<const HashedEndpoint>);
  size_t size() const noexcept { return owners_.size(); }  // 0 or kSlots
  size_t slot_of(uint64_t hash) const noexcept { return static_cast<size_t>(hash % kSlots); }
  uint32_t owner(size_t slot) const noexcept { return owners_[slot]; }

 private:
  std::vector<uint32_t> owners_;
};
}  // namespace heddle
