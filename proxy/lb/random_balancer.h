// Random: each pick drawn anew, by weight. The only policy without turns; see LoadBalancer for the contract.
#pragma once
#include "proxy/lb/candidate_list.h"

namespace heddle {
class RandomBalancer final : public LoadBalancer {
 public:
  explicit RandomBalancer(LbInputs inputs) : random_(inputs.random), list_(inputs) {}
  void update(std::vector<LbCandidate> candidates) override { list_.update(std::move(candidates)); }
  std::optional<uint32_t> pick(const PickContext&) override;
  bool is_panicking() const noexcept override { return list_.is_panicking(); }

 private:
  Random& random_;
  CandidateList list_;
};
}  // namespace heddle
