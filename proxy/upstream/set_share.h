// SetShare: whether a backend set has enough healthy endpoints to be used, as one worker sees it; and what to say where
// it has not. Counts again only when a flag of some endpoint of the process changed: else one comparison. Made when it
// is asked first, with the candidates that the balancer has. Belongs to one loop.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "lib/config/model.h"
#include "proxy/lb/minimum_share.h"
#include "proxy/resilience/endpoint_health.h"

namespace heddle {
class SetShare {
 public:
  SetShare(const HealthEpoch& epoch, uint32_t min_healthy, std::vector<LbCandidate> candidates)
      : epoch_(epoch), min_healthy_(min_healthy), candidates_(std::move(candidates)) {}
  const SetHealth& health() noexcept {
    uint64_t epoch = epoch_.value();
    if (epoch != seen_epoch_) {
      seen_epoch_ = epoch;
      health_ = set_health(count_levels(candidates_), min_healthy_);
    }
    return health_;
  }

 private:
  const HealthEpoch& epoch_;
  uint32_t min_healthy_;
  std::vector<LbCandidate> candidates_;
  uint64_t seen_epoch_ = 0;  // none has this number
  SetHealth health_;
};

// Why a set has nobody for a request: "minimum healthy share: 2 of 10 healthy, 50 % wanted", "no endpoint of hello has
// version=v2"; empty: nothing beyond the reason. Printable ASCII of at most kMaxAbsenceText bytes. Pure.
std::string absence_text(const BackendSetSpec&, const SetHealth&);
inline constexpr size_t kMaxAbsenceText = 256;
}  // namespace heddle
