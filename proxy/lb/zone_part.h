// Which part of a level's traffic stays in the zone of this sidecar; the rest goes to the other zones by weight. Pure.
//
// All of it stays while the zone can take it: while at least 1/1.4 of its endpoints are healthy (of fewer 1.4 times
// their share stays), and while they have no more than kCalm requests of this process in flight per weight. Of more
// load so much goes away that in our zone there are kCalm and twice as many per weight as in the others. That is a
// function of all that is in flight, whoever has it now, so it does not swing. What goes away is never more than what
// would without zones. A zone that is short of healthy endpoints is left altogether.
#pragma once

namespace heddle {
struct ZoneState {
  double local_weight = 0;        // of what may be picked in our zone
  double other_weight = 0;        // and in all the others
  double local_healthy_part = 1;  // of the endpoints in our zone
  double in_flight = 0;           // of this process, to all of both
  bool is_short = false;          // fewer healthy endpoints in our zone than the set's minimum (minimum_share.h)
};
inline constexpr double kZoneCalm = 16;
inline constexpr double kZoneFactor = 2;

// 0 to 1; 0 where our zone has nobody, 1 where the others have nobody.
double zone_part(const ZoneState&) noexcept;
}  // namespace heddle
