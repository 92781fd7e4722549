#include "proxy/lb/least_request.h"

namespace heddle {
double load_of(const LbCandidate& candidate) noexcept {
  return static_cast<double>(candidate.health->in_flight()) / candidate.weight;
}

void LeastRequest::update(std::vector<LbCandidate> candidates) {
  list_.update(std::move(candidates));
  rotation_.restart(list_, random_);
}

std::optional<uint32_t> LeastRequest::pick(const PickContext& context) {
  if (list_.refresh()) rotation_.rebuild(list_);
  std::optional<uint32_t> first = rotation_.next_untried(list_, context.tried, random_);
  if (!first) return std::nullopt;
  std::optional<uint32_t> second = list_.another(*first, context.tried, random_);
  return second && load_of(list_.at(*second)) < load_of(list_.at(*first)) ? second : first;
}
}  // namespace heddle
