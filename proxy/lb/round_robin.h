// Round robin: endpoints in turn, weighted and evenly spread. Knows nothing of load; see LoadBalancer for the contract.
#pragma once
#include "proxy/lb/rotation.h"

namespace heddle {
class RoundRobin final : public LoadBalancer {
 public:
  explicit RoundRobin(LbInputs inputs) : random_(inputs.random), list_(inputs) {}
  void update(std::vector<LbCandidate>) override;
  std::optional<uint32_t> pick(const PickContext&) override;
  bool is_panicking() const noexcept override { return list_.is_panicking(); }

 private:
  Random& random_;
  CandidateList list_;
  Rotation rotation_;
};
}  // namespace heddle
