// Peak EWMA, the default: of two candidates the one with the lower decayed peak latency x load. The first candidate
// comes by rotation, the second by chance. Latencies that are alike (both below 1 ms, or within a factor of 2) or not
// known yet count as equal, and the first wins ties: idle equal endpoints are used in turn, whatever noise says.
// So that a slower endpoint is not forgotten, one that lost its last two turns is taken on the third if it is idle and
// its latency is below 100 ms: each idle endpoint is reached within 3 rounds. Latencies are this worker's own
// observations; requests in flight are the process's. See LoadBalancer for the contract.
#pragma once
#include "proxy/lb/rotation.h"
#include "proxy/resilience/ewma.h"

namespace heddle {
class PeakEwmaBalancer final : public LoadBalancer {
 public:
  explicit PeakEwmaBalancer(LbInputs inputs) : random_(inputs.random), list_(inputs) {}
  void update(std::vector<LbCandidate>) override;
  std::optional<uint32_t> pick(const PickContext&) override;
  bool is_panicking() const noexcept override { return list_.is_panicking(); }
  void on_response(uint32_t index, Duration latency, MonoTime now) override;
  void on_overtaken(uint32_t index, Duration at_least, MonoTime now) override;

 private:
  struct State {
    PeakEwma latency{};
    uint32_t lost_turns = 0;
  };
  bool is_at(size_t index, const LbCandidate&) const noexcept;
  bool is_better(uint32_t second, uint32_t first, MonoTime now) const noexcept;
  bool is_due(uint32_t index, MonoTime now) const noexcept;
  Random& random_;
  CandidateList list_;
  Rotation rotation_;
  std::vector<State> states_;  // by candidate
};
}  // namespace heddle
