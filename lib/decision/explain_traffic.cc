#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "lib/decision/labels.h"

namespace heddle {
namespace {
void add_value(std::string& text, std::string_view name, std::string_view value) {
  text.append(text.empty() ? "" : ", ").append(name).append(" ").append(value);
}

std::string values_of(const TrafficPolicySpec& policy) {
  std::string out;
  auto limit = [&](TrafficLimit which, std::optional<uint32_t> value) {
    if (value) add_value(out, to_text(which), std::to_string(*value));
  };
  auto timeout = [&](std::string_view name, std::optional<Duration> value) {
    if (value) add_value(out, name, format_duration(*value));
  };
  limit(TrafficLimit::kConnections, policy.limits.connections);
  limit(TrafficLimit::kPendingRequests, policy.limits.pending_requests);
  limit(TrafficLimit::kRequests, policy.limits.requests);
  limit(TrafficLimit::kRetries, policy.limits.retries);
  timeout("connect", policy.timeouts.connect);
  timeout("pending", policy.timeouts.pending);
  timeout("connectionIdle", policy.timeouts.connection_idle);
  timeout("streamIdle", policy.timeouts.stream_idle);
  timeout("request", policy.timeouts.request);
  return out.empty() ? "the defaults" : out;
}
}  // namespace

void explain_traffic(const BackendSetEntry& set, ExplainedBackends& out, Trace& trace) {
  if (set.traffic == nullptr) return;
  out.traffic_policy = short_name(set.traffic->key);
  trace.add("traffic policy", str_cat(label(set.traffic->key), " for ", out.name, ": ", values_of(*set.traffic)));
}
}  // namespace heddle
