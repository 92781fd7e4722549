#include "proxy/lb/random_balancer.h"

namespace heddle {
namespace {
constexpr int kDraws = 4;  // until the tried ones are simply skipped
}

std::optional<uint32_t> RandomBalancer::pick(const PickContext& context) {
  (void)list_.refresh();
  if (list_.usable().empty()) return std::nullopt;
  for (int i = 0; i < kDraws; ++i) {
    uint32_t index = list_.random(random_);
    if (!was_tried(context.tried, index)) return index;
  }
  return list_.any_untried(context.tried, random_);
}
}  // namespace heddle
