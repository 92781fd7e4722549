// LbSpec: how one of the endpoints of a backend set is chosen, as resources say it (docs/resources/backend-set.md).
// Plain values, immutable once parsed; parse_load_balancer.cc fills them. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.h"

namespace heddle {
enum class LbPolicy : uint8_t { kPeakEwma, kLeastRequest, kRoundRobin, kRandom, kRingHash, kMaglev };
std::string_view to_text(LbPolicy) noexcept;  // "peakEwma": also the name in the balancer registry
// Keeps requests of one key on one endpoint.
constexpr bool is_hashing(LbPolicy policy) noexcept {
  return policy == LbPolicy::kRingHash || policy == LbPolicy::kMaglev;
}

// What the key of a request is.
enum class HashSource : uint8_t { kNone, kHeader, kCookie, kSourceIdentity, kPath, kSourceAddress };
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
  uint32_t min_healthy = 0;  // percent; a level, a zone, a set with fewer is left (proxy/lb/minimum_share.h); 0: off
  bool operator==(const LbShape&) const = default;
};

struct LbSpec {
  LbPolicy policy = LbPolicy::kPeakEwma;
  HashOn hash_on;
  LbShape shape;
  bool operator==(const LbSpec&) const = default;
};

// What a TrafficPolicy says of it. What is absent the backend set says itself.
struct LbOverride {
  std::optional<LbPolicy> policy{};
  std::optional<HashOn> hash_on{};
  std::optional<SlowStartSpec> slow_start{};
  std::optional<uint32_t> panic_below{};
  std::optional<uint32_t> min_healthy{};
  std::optional<bool> zone_aware{};
  bool operator==(const LbOverride&) const = default;
};
// Field by field. A key belongs to its policy: that of the set goes where the override names a policy that has none.
LbSpec merged(const LbSpec& own, const LbOverride& over);

// What does not go together, by the field that is too much or missing. Empty: nothing is wrong.
struct LbConflict {
  std::string_view field;
  std::string message;
};
std::vector<LbConflict> lb_conflicts(const LbSpec&);
// For people: "maglev by cookie session, panic below 50 %".
std::string lb_text(const LbSpec&);

inline constexpr uint8_t kMaxPriority = 15;  // of an endpoint; 0 is the first to be used
inline constexpr size_t kMaxHashName = 256;  // of a header or a cookie
}  // namespace heddle
