#include <algorithm>
#include <cstdio>
#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr IntRange kErrors{0, 1000};
constexpr IntRange kRequests{1, 1'000'000};
constexpr IntRange kEndpoints{3, 1000};
constexpr IntRange kPercents{1, 100};
constexpr DurationRange kIntervals{1s, 1h};
constexpr DurationRange kEjections{1s, 24h};
constexpr double kMaxFactor = 1000;

uint32_t count(JsonObject& object, std::string_view field, IntRange range, uint32_t otherwise) {
  return static_cast<uint32_t>(object.optional_integer(field, range).value_or(otherwise));
}

// Within [least, most].
double number(JsonObject& object, std::string_view field, double otherwise, double least, double most) {
  double value = object.optional_number(field).value_or(otherwise);
  if (value >= least && value <= most) return value;
  char range[64];
  std::snprintf(range, sizeof range, "is out of range (%g-%g)", least, most);
  object.problem(field, range);
  return otherwise;
}

OutlierSuccessRate parse_success_rate(const JsonReader& at) {
  JsonObject object = at.object();
  OutlierSuccessRate out;
  out.minimum_requests = count(object, "minimumRequests", kRequests, out.minimum_requests);
  out.minimum_endpoints = count(object, "minimumEndpoints", kEndpoints, out.minimum_endpoints);
  out.stdev_factor = number(object, "stdevFactor", out.stdev_factor, 0.1, kMaxFactor);
  object.finish();
  return out;
}

OutlierLatency parse_latency(const JsonReader& at) {
  JsonObject object = at.object();
  OutlierLatency out;
  out.factor = number(object, "factor", out.factor, 1.1, kMaxFactor);
  out.minimum_requests = count(object, "minimumRequests", kRequests, out.minimum_requests);
  object.finish();
  return out;
}

void parse_ejection(JsonObject& object, OutlierSpec& out) {
  out.interval = object.optional_duration("interval", kIntervals).value_or(out.interval);
  out.base_ejection_time = object.optional_duration("baseEjectionTime", kEjections).value_or(out.base_ejection_time);
  // With a base above the default, that is the most unless somebody says more.
  out.max_ejection_time = object.optional_duration("maxEjectionTime", kEjections)
                              .value_or(std::max(out.max_ejection_time, out.base_ejection_time));
  if (out.max_ejection_time < out.base_ejection_time) {
    object.problem("maxEjectionTime", "must not be shorter than baseEjectionTime");
  }
  out.max_ejected_percent = count(object, "maxEjectedPercent", kPercents, out.max_ejected_percent);
  out.jitter = number(object, "jitter", out.jitter, 0, 1);
}
}  // namespace

OutlierSpec parse_outlier(const JsonReader& at) {
  JsonObject object = at.object();
  OutlierSpec out;
  out.consecutive_errors = count(object, "consecutiveErrors", kErrors, out.consecutive_errors);
  out.consecutive_gateway_errors = count(object, "consecutiveGatewayErrors", kErrors, out.consecutive_gateway_errors);
  if (auto rate = object.optional("successRate")) out.success_rate = parse_success_rate(*rate);
  if (auto latency = object.optional("latency")) out.latency = parse_latency(*latency);
  parse_ejection(object, out);
  bool judges_something =
      out.consecutive_errors != 0 || out.consecutive_gateway_errors != 0 || out.success_rate || out.latency;
  if (!judges_something) at.problem("judges nothing: consecutiveErrors is 0 and nothing else is asked for");
  object.finish();
  return out;
}
}  // namespace heddle::detail
