#include "lib/base/grpc_status.h"
#include "lib/base/strings.h"
#include "lib/config/effective_backend_set.h"
#include "lib/decision/explain.h"
#include "lib/decision/labels.h"

namespace heddle {
namespace {
std::string grpc_names(const RetrySpec& retry) {
  std::string out;
  for (size_t i = 0; i < retry.grpc.size(); ++i) {
    if (retry.grpc[i]) out.append(out.empty() ? ", gRPC " : " ").append(kGrpcStatusNames[i]);
  }
  return out;
}

void add_value(std::string& text, std::string_view name, std::string_view value) {
  text.append(text.empty() ? "" : ", ").append(name).append(" ").append(value);
}

// `says_lb`: how the set balances is its word; that of a subset's parent may not be.
std::string values_of(const TrafficPolicySpec& policy, bool says_lb) {
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
  timeout("maxGrpcTimeout", policy.timeouts.max_grpc);
  if (policy.retry) add_value(out, "retry (of rules that name none)", retry_text(*policy.retry));
  if (policy.retry_budget) {
    add_value(out, "retryBudget",
              str_cat(std::to_string(policy.retry_budget->percent), " %, at least ",
                      std::to_string(policy.retry_budget->min_per_second), "/s"));
  }
  if (policy.hedge) {
    add_value(out, "hedge",
              str_cat("after ", format_duration(policy.hedge->after), policy.hedge->any_method ? ", any method" : ""));
  }
  if (says_lb) add_value(out, "loadBalancer", "as above");
  return out.empty() ? "the defaults" : out;
}
}  // namespace

std::string retry_text(const RetrySpec& retry) {
  std::string codes;
  for (uint16_t code = RetrySpec::kFirstCode; code <= RetrySpec::kLastCode; ++code) {
    if (retry.has_code(code)) codes.append(codes.empty() ? "" : " ").append(std::to_string(code));
  }
  return str_cat("up to ", std::to_string(retry.attempts), " after ", codes, ", backoff ",
                 format_duration(retry.backoff), grpc_names(retry), retry.any_method ? ", any method" : "");
}

void explain_limits(const HttpRouteRule& rule, Trace& trace) {
  auto timeout = [&](std::string_view name, std::optional<Duration> value) {
    if (value)
      trace.add(str_cat("timeout ", name), *value == Duration{} ? std::string("off") : format_duration(*value));
  };
  timeout("request", rule.timeouts.request);
  timeout("backendRequest", rule.timeouts.backend_request);
  if (rule.retry) trace.add("retry", retry_text(*rule.retry));
}

void explain_traffic(const BackendSetEntry& set, ExplainedBackends& out, Trace& trace) {
  explain_balancing(set, out, trace);
  if (set.traffic == nullptr) return;
  out.traffic_policy = short_name(set.traffic->key);
  bool says_lb = lb_policy_of(set.parts) == set.traffic.get();
  trace.add("traffic policy",
            str_cat(label(set.traffic->key), " for ", out.name, ": ", values_of(*set.traffic, says_lb)));
}
}  // namespace heddle
