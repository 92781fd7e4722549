// OutlierDetector: which endpoints of a backend set fail more than their neighbours, and for how long they get nothing.
// Pure functions and values: counts in, verdicts out; what is shared between workers is outlier_endpoint.h, what holds
// the bound is outlier_group.h. Local errors (our own limits, a client that left) never count.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.h"
#include "lib/config/model.h"
#include "proxy/resilience/endpoint_health.h"

namespace heddle {

// What one try says about the endpoint. An error that a gateway in front of it would answer with 502, 503 or 504
// (no connection, reset, silence) is a gateway error, and an error besides.
enum class OutlierOutcome : uint8_t { kNothing, kSuccess, kError, kGatewayError };
OutlierOutcome outlier_outcome(const Outcome&) noexcept;

enum class EjectionCause : uint8_t { kConsecutiveErrors, kConsecutiveGatewayErrors, kSuccessRate, kLatency, kProbe };
inline constexpr size_t kEjectionCauses = 5;
std::string_view to_text(EjectionCause) noexcept;  // "consecutive-errors": metric label and log

// A cause with its number: errors in a row; success rate (0 to 1) and the least that was allowed; mean latency and the
// most that was allowed, in seconds. kProbe: the one request it got after its time failed, too.
struct Ejection {
  EjectionCause cause = EjectionCause::kConsecutiveErrors;
  double number = 0;
  double bound = 0;
};
std::string to_text(const Ejection&);  // "5 errors in a row"

// What an endpoint did in one interval.
struct OutlierCounts {
  uint64_t requests = 0;
  uint64_t errors = 0;
  uint64_t answers = 0;  // whose latency is known
  Duration latency{};    // of them, added up
};

struct OutlierVerdict {
  size_t index = 0;  // of the counts
  Ejection why;
};
// At the end of an interval: who is to be ejected, the worst first; each at most once. Endpoints that are ejected are
// not to be among the counts.
std::vector<OutlierVerdict> judge_outliers(const OutlierSpec&, std::span<const OutlierCounts>);

// So many of `endpoints` may be ejected at once: the share, at least one; but never the last one, and never one of one.
size_t most_ejected(size_t endpoints, uint32_t percent) noexcept;

// How many ejections in a row the next one makes; it counts no further than the longest time, so that an endpoint that
// was away for hours is not remembered for hours.
uint32_t next_times(const OutlierSpec&, uint32_t times) noexcept;

// For how long, at the `times`-th ejection in a row (from 1 on): base x times, at most the maximum, and up to the
// jitter's part more. `draw` is uniform in [0, 1).
Duration ejection_time(const OutlierSpec&, uint32_t times, double draw) noexcept;
}  // namespace heddle
