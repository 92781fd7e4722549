#include "lib/config/overload.h"

namespace heddle {
std::string_view to_text(RequestPriority priority) noexcept {
  constexpr std::string_view kNames[kRequestPriorities] = {"critical", "high", "default", "low"};
  return kNames[static_cast<size_t>(priority)];
}

uint32_t share_percent(const OverloadSpec& spec, RequestPriority priority) noexcept {
  constexpr uint32_t kShares[kRequestPriorities] = {100, 100, 90, 50};
  return spec.priorities.empty() ? 100 : kShares[static_cast<size_t>(priority)];
}
}  // namespace heddle
