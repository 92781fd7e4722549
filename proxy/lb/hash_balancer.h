// HashBalancer: keeps a key on one endpoint, by a ring ("ringHash") or a Maglev table ("maglev"). What the key is says
// `hashOn`; PickContext::hash is its hash. A request without a key goes to a random endpoint, by weight. Where the
// endpoint of a key is unusable or was tried, the key goes to the owner of the next slot, the same for every sidecar
// and until the endpoint is back; after kWalk slots without success (few of many endpoints are usable) by hash to one
// of the usable. Knows nothing of load. See LoadBalancer for the contract.
#pragma once
#include "proxy/lb/candidate_list.h"
#include "proxy/lb/hash_ring.h"
#include "proxy/lb/maglev_table.h"

namespace heddle {
template <class Table>
class HashBalancer final : public LoadBalancer {
 public:
  static constexpr size_t kWalk = 256;
  explicit HashBalancer(LbInputs inputs) : random_(inputs.random), list_(inputs) {}
  void update(std::vector<LbCandidate>) override;
  std::optional<uint32_t> pick(const PickContext&) override;
  std::optional<uint32_t> would_pick(const PickContext&) const override;
  bool is_panicking() const noexcept override { return list_.is_panicking(); }

 private:
  std::optional<uint32_t> owner_of(const CandidateList&, uint64_t hash, std::span<const uint32_t> tried) const;

  Random& random_;
  CandidateList list_;
  Table table_;
};

using RingHashBalancer = HashBalancer<HashRing>;
using MaglevBalancer = HashBalancer<MaglevTable>;
extern template class HashBalancer<HashRing>;
extern template class HashBalancer<MaglevTable>;
}  // namespace heddle
