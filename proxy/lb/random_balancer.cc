#include "proxy/lb/random_balancer.h"

namespace heddle {
std::optional<uint32_t> RandomBalancer::pick(const PickContext& context) {
  (void)list_.refresh(context.now);
  if (list_.usable().empty()) return std::nullopt;
  return list_.random_untried(context.tried, random_);
}
}  // namespace heddle
