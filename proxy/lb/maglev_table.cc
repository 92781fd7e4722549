#include "proxy/lb/maglev_table.h"

#include <algorithm>

#include "proxy/lb/stable_hash.h"

namespace heddle {
namespace {
constexpr uint32_t kFree = UINT32_MAX;

// One endpoint while the table is filled.
struct Taker {
  uint64_t id;
  uint32_t owner;
  double interval;  // between its turns: 1 / weight
  double due;
  size_t next;  // the slot it would like now
  size_t step;
};

std::vector<Taker> takers_of(std::span<const HashedEndpoint> endpoints) {
  std::vector<Taker> out;
  for (uint32_t i = 0; i < endpoints.size(); ++i) {
    if (endpoints[i].weight == 0) continue;
    double interval = 1.0 / endpoints[i].weight;
    uint64_t id = endpoints[i].id;
    auto offset = static_cast<size_t>(stable_hash(id, 0) % MaglevTable::kSlots);
    auto step = static_cast<size_t>(stable_hash(id, 1) % (MaglevTable::kSlots - 1)) + 1;
    out.push_back({id, i, interval, interval, offset, step});
  }
  return out;
}

// Whose turn is later. Ties by id, not by the place in the list, which authors may change.
bool is_later(const Taker& a, const Taker& b) noexcept {
  if (a.due != b.due) return a.due > b.due;
  return a.id != b.id ? a.id > b.id : a.owner > b.owner;
}
}  // namespace

void MaglevTable::build(std::span<const HashedEndpoint> endpoints) {
  owners_.clear();
  std::vector<Taker> takers = takers_of(endpoints);
  if (takers.empty()) return;
  owners_.assign(kSlots, kFree);
  std::make_heap(takers.begin(), takers.end(), is_later);
  for (size_t taken = 0; taken < kSlots; ++taken) {
    std::pop_heap(takers.begin(), takers.end(), is_later);
    Taker& taker = takers.back();
    while (owners_[taker.next] != kFree) taker.next = (taker.next + taker.step) % kSlots;
    owners_[taker.next] = taker.owner;
    taker.due += taker.interval;
    std::push_heap(takers.begin(), takers.end(), is_later);
  }
}
}  // namespace heddle
