#include "proxy/lb/round_robin.h"

namespace heddle {
void RoundRobin::update(std::vector<LbCandidate> candidates) {
  list_.update(std::move(candidates));
  rotation_.restart(list_, random_);
}

std::optional<uint32_t> RoundRobin::pick(const PickContext& context) {
  if (list_.refresh(context.now)) rotation_.rebuild(list_);
  return rotation_.next_untried(list_, context.tried, random_);
}
}  // namespace heddle
