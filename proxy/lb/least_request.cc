#include "proxy/lb/least_request.h"

namespace heddle {
void LeastRequest::update(std::vector<LbCandidate> candidates) {
  list_.update(std::move(candidates));
  rotation_.restart(list_, random_);
}

std::optional<uint32_t> LeastRequest::pick(const PickContext& context) {
  if (list_.refresh(context.now)) rotation_.rebuild(list_);
  std::optional<uint32_t> first = rotation_.next_untried(list_, context.tried, random_);
  if (!first) return std::nullopt;
  std::optional<uint32_t> second = list_.another(*first, context.tried, random_);
  return second && list_.load_of(*second) < list_.load_of(*first) ? second : first;
}
}  // namespace heddle
