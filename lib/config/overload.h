// What a Workload says about too much work (spec.overload): how its sidecar finds the number of requests the
// application takes at once, and who is refused first. Absent: nothing is limited. Parsed by parse_overload.cc; asked
// by lib/policy/priority.h. Pure values, immutable once parsed, no loop.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/config/model.h"

namespace heddle {
// In the order in which they are kept; the last is refused first.
enum class RequestPriority : uint8_t { kCritical, kHigh, kDefault, kLow };
inline constexpr size_t kRequestPriorities = 4;
std::string_view to_text(RequestPriority) noexcept;  // "critical"

// Of the process, of which each worker has a part.
struct AdaptiveConcurrencySpec {
  uint32_t min_limit = 3;
  uint32_t max_limit = 1000;
  bool operator==(const AdaptiveConcurrencySpec&) const = default;
};

struct PriorityRule {
  RequestPriority priority = RequestPriority::kDefault;
  AuthzRule match;
};

struct OverloadSpec {
  std::optional<AdaptiveConcurrencySpec> adaptive;
  std::vector<PriorityRule> priorities;  // the first that matches; else kDefault
};

// How much of the adaptive limit all requests together may use for one of this priority to come in. Those that are
// critical do not ask the adaptive limit but the configured maximum. Without rules all are alike, and get it all.
uint32_t share_percent(const OverloadSpec&, RequestPriority) noexcept;

inline constexpr size_t kMaxPriorityRules = 32;
inline constexpr int64_t kMaxConcurrencyLimit = 100'000;
}  // namespace heddle
