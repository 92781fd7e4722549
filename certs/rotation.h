// When to renew an SVID: pure functions of time and one random number in [0, 1). Half of the lifetime, counted from
// when it was issued (notBefore is backdated), moved by up to 10 % of that half so that a fleet does not come at once.
#pragma once
#include <cstdint>

#include "lib/base/clock.h"

namespace heddle {
enum class SvidHealth : uint8_t {
  kFresh,    // less than half of the lifetime used
  kRenew,    // a renewal should be under way; also: the clock is before the certificate's notBefore
  kWarn,     // a quarter or less left: renewals keep failing
  kExpired,  // no handshake succeeds any more
};

WallTime rotate_at(WallTime issued_at, WallTime not_after, double unit_random);
// True as well when the clock went back before the certificate's start: a new one repairs that.
bool should_rotate(WallTime now, WallTime issued_at, WallTime not_after, double unit_random);
SvidHealth svid_health(WallTime now, WallTime issued_at, WallTime not_after);
}  // namespace heddle
