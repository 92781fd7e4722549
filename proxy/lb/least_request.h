// Least request: of two candidates the one with fewer requests in flight per share. The first candidate comes by
// rotation, the second by chance, and the first wins ties: idle endpoints are used in turn, exactly by weight, and a
// loaded one is avoided as with the power of two choices. See LoadBalancer for the contract.
#pragma once
#include "proxy/lb/rotation.h"

namespace heddle {
class LeastRequest final : public LoadBalancer {
 public:
  explicit LeastRequest(LbInputs inputs) : random_(inputs.random), list_(inputs) {}
  void update(std::vector<LbCandidate>) override;
  std::optional<uint32_t> pick(const PickContext&) override;
  bool is_panicking() const noexcept override { return list_.is_panicking(); }

 private:
  Random& random_;
  CandidateList list_;
  Rotation rotation_;
};
}  // namespace heddle
