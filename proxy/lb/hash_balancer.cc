#include "proxy/lb/hash_balancer.h"

#include <algorithm>

namespace heddle {
template <class Table>
void HashBalancer<Table>::update(std::vector<LbCandidate> candidates) {
  auto same = [](const LbCandidate& a, const LbCandidate& b) { return a.id == b.id && a.weight == b.weight; };
  std::span<const LbCandidate> before = list_.all();
  bool stays =
      table_.size() != 0 && std::equal(before.begin(), before.end(), candidates.begin(), candidates.end(), same);
  list_.update(std::move(candidates));
  if (stays) return;
  std::vector<HashedEndpoint> endpoints;
  endpoints.reserve(list_.size());
  for (const LbCandidate& candidate : list_.all()) endpoints.push_back({candidate.id, candidate.weight});
  table_.build(endpoints);
}

template <class Table>
std::optional<uint32_t> HashBalancer<Table>::pick(const PickContext& context) {
  (void)list_.refresh(context.now);
  if (list_.usable().empty()) return std::nullopt;
  return context.hash ? owner_of(list_, *context.hash, context.tried) : list_.random_untried(context.tried, random_);
}

template <class Table>
std::optional<uint32_t> HashBalancer<Table>::would_pick(const PickContext& context) const {
  if (!context.hash) return std::nullopt;
  CandidateList seen = list_;  // looking again is a pick's affair
  (void)seen.refresh(context.now);
  return seen.usable().empty() ? std::nullopt : owner_of(seen, *context.hash, context.tried);
}

template <class Table>
std::optional<uint32_t> HashBalancer<Table>::owner_of(const CandidateList& list, uint64_t hash,
                                                      std::span<const uint32_t> tried) const {
  std::optional<uint8_t> level = list.level_for(hash);
  size_t slot = table_.slot_of(hash);
  for (size_t i = 0; i < std::min(kWalk, table_.size()); ++i) {
    uint32_t index = table_.owner(slot);
    bool is_level = !level || list.at(index).priority == *level;
    if (is_level && list.is_usable(index) && !was_tried(tried, index)) return index;
    slot = slot + 1 == table_.size() ? 0 : slot + 1;
  }
  return list.untried_from(static_cast<size_t>(hash % list.usable().size()), tried);
}

template class HashBalancer<HashRing>;
template class HashBalancer<MaglevTable>;
}  // namespace heddle
