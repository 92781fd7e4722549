#include "proxy/telemetry/traffic_totals.h"

#include <algorithm>
#include <cmath>

#include "lib/base/error.h"

namespace heddle {
namespace {
// Of proxy_metrics.cc; its tests see that both agree.
constexpr std::string_view kRequests = "heddle_requests_total";
constexpr std::string_view kDuration = "heddle_request_duration_seconds";

constexpr bool has_same_bounds() {
  for (size_t i = 0; i < kTrafficBounds.size(); ++i) {
    if (kLatencyBuckets[i] != Duration(std::chrono::microseconds(kTrafficBounds[i]))) return false;
  }
  return kLatencyBuckets.size() == kTrafficBounds.size();
}
static_assert(has_same_bounds());

// Turned away by what somebody configured or by a limit of ours; what the upstream did wrong is an error instead.
constexpr Reason kRejects[] = {Reason::kAuthzDenied,
                               Reason::kRateLimited,
                               Reason::kForbidden,
                               Reason::kAbuse,
                               Reason::kOverload,
                               Reason::kPendingOverflow,
                               Reason::kPendingTimeout,
                               Reason::kRequestOverflow,
                               Reason::kConnectionOverflow,
                               Reason::kTooManyWants,
                               Reason::kPeerIdentityUnexpected};

bool is_reject(std::string_view reason) {
  return std::any_of(std::begin(kRejects), std::end(kRejects), [&](Reason r) { return info(r).name == reason; });
}

struct Columns {
  explicit Columns(const MetricFamily& family) {
    auto names = family.label_names();
    auto place = [&](std::string_view name) {
      return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    };
    direction = place("direction");
    code = place("code");
    reason = place("reason");
  }
  size_t direction;
  size_t code;
  size_t reason;
};

TrafficCounts& side_of(SidecarTraffic& out, std::string_view direction) {
  return direction == "inbound" ? out.inbound : out.outbound;
}

void add_requests(const FamilySample& sample, SidecarTraffic& out) {
  Columns at(sample.family);
  for (const SeriesSample& series : sample.series) {
    auto count = static_cast<uint64_t>(series.value);
    TrafficCounts& side = side_of(out, series.label_values[at.direction]);
    side.requests += count;
    if (is_reject(series.label_values[at.reason])) {
      side.rejects += count;
    } else if (series.label_values[at.code] == "5xx") {
      side.errors += count;
    }
  }
}

void add_durations(const FamilySample& sample, SidecarTraffic& out) {
  Columns at(sample.family);
  for (const SeriesSample& series : sample.series) {
    TrafficCounts& side = side_of(out, series.label_values[at.direction]);
    side.timed += series.histogram.count;
    side.latency_us += static_cast<uint64_t>(std::llround(series.histogram.sum * 1e6));
    size_t buckets = std::min(series.histogram.buckets.size(), side.within.size());
    for (size_t i = 0; i < buckets; ++i) side.within[i] += series.histogram.buckets[i].second;
  }
}
}  // namespace

SidecarTraffic traffic_totals(const Registry& registry) {
  SidecarTraffic out;
  if (auto requests = registry.collect(kRequests)) add_requests(*requests, out);
  if (auto durations = registry.collect(kDuration)) add_durations(*durations, out);
  return out;
}
}  // namespace heddle
