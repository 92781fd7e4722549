// LbSpec: how one of the endpoints of a backend set is chosen, as resources say it (docs/resources.md, BackendSet).
// Plain values, immutable once parsed; parse_load_balancer.cc fills them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/clock.h"

namespace heddle {
enum class LbPolicy : uint8_t { kPeakEwma, kLeastRequest, kRoundRobin, kRandom, kRingHash, kMaglev };
std::string_view to_text(LbPolicy) noexcept;  // "peakEwma": also the name in the balancer registry
// Keeps requests of one key on one endpoint.
constexpr bool is_hashing(LbPolicy policy) noexcept {
  return policy == LbPolicy::kRingHash || policy == LbPolicy::kMaglev;
}

// What the key of a request is.
enum class HashSource : uint8_t { kNone, kHeader, kCookie, kSourceIdentity, kPath };
struct HashOn {
  HashSource source = HashSource::kNone;  // kNone: of every policy that does not hash
  std::string name;                       // of the header (lower case) or of the cookie
  bool operator==(const HashOn&) const = default;
};

// How an endpoint that came up or is new gets its share; zero: at once. See proxy/lb/slow_start.h.
struct SlowStartSpec {
  Duration window{};
  double aggression = 1;  // 1: evenly; more: faster at the beginning
  bool operator==(const SlowStartSpec&) const = default;
};

// What shapes the shares of the endpoints, whatever the policy.
struct LbShape {
  SlowStartSpec slow_start{};
  uint32_t panic_below = 0;  // percent of healthy endpoints of a level; 0: off
  bool zone_aware = false;   // the zone of the sidecar first, see proxy/lb/zone_part.h
  bool operator==(const LbShape&) const = default;
};

struct LbSpec {
  LbPolicy policy = LbPolicy::kPeakEwma;
  HashOn hash_on;
  LbShape shape;
  bool operator==(const LbSpec&) const = default;
};

inline constexpr uint8_t kMaxPriority = 15;  // of an endpoint; 0 is the first to be used
inline constexpr size_t kMaxHashName = 256;  // of a header or a cookie
}  // namespace heddle
