// How a BackendSet says that it has too few healthy endpoints, or none.
#include "lib/config/effective_backend_set.h"
#include "proxy/upstream/backend_set.h"

namespace heddle {
SetShare& BackendSet::share() {
  if (shared_->share == nullptr) {
    std::vector<LbCandidate> candidates;
    candidates.reserve(slots_.size());
    for (uint32_t i = 0; i < slots_.size(); ++i) candidates.push_back(candidate_of(i, slots_[i].health));
    shared_->share =
        std::make_unique<SetShare>(*context_.health.epoch(), spec_->lb.shape.min_healthy, std::move(candidates));
  }
  return *shared_->share;
}

bool BackendSet::is_usable() {
  if (shared_ == nullptr) make_slots();
  if (share().health().is_usable) return true;
  return shared_->outliers != nullptr && shared_->outliers->is_due(context_.session_context.loop.now());
}

// A request that has tried somebody knows more than that nobody else is there.
Error BackendSet::nobody(std::span<const uint32_t> tried) {
  uint32_t min_healthy = spec_->lb.shape.min_healthy;
  if (!tried.empty() || (min_healthy == 0 && !is_subset(*spec_))) return make_error(Reason::kNoHealthyEndpoint, "");
  const SetHealth& health = share().health();
  if (min_healthy != 0 && !health.is_usable) shared_->metrics->on_left();
  return make_error(Reason::kNoHealthyEndpoint, absence_text(*spec_, health));
}
}  // namespace heddle
