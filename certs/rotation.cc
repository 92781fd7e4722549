#include "certs/rotation.h"

#include <algorithm>

#include "certs/limits.h"

namespace heddle {
namespace {
constexpr double kHalf = 0.5;
constexpr double kJitter = 0.1;     // of the half
constexpr double kWarnPart = 0.75;  // of the lifetime used

WallTime at_part(WallTime issued_at, WallTime not_after, double part) {
  Duration lifetime = std::max(not_after - issued_at, Duration::zero());
  return issued_at + Duration(static_cast<int64_t>(static_cast<double>(lifetime.count()) * part));
}

bool is_before_start(WallTime now, WallTime issued_at) { return now < issued_at - kBackdate; }
}  // namespace

WallTime rotate_at(WallTime issued_at, WallTime not_after, double unit_random) {
  double jitter = kJitter * (2 * std::clamp(unit_random, 0.0, 1.0) - 1);
  return at_part(issued_at, not_after, kHalf * (1 + jitter));
}

bool should_rotate(WallTime now, WallTime issued_at, WallTime not_after, double unit_random) {
  return is_before_start(now, issued_at) || now >= rotate_at(issued_at, not_after, unit_random);
}

SvidHealth svid_health(WallTime now, WallTime issued_at, WallTime not_after) {
  if (now >= not_after) return SvidHealth::kExpired;
  if (is_before_start(now, issued_at)) return SvidHealth::kRenew;
  if (now >= at_part(issued_at, not_after, kWarnPart)) return SvidHealth::kWarn;
  if (now >= at_part(issued_at, not_after, kHalf)) return SvidHealth::kRenew;
  return SvidHealth::kFresh;
}
}  // namespace heddle
