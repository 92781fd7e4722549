#include <algorithm>

#include "lib/base/strings.h"
#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr IntRange kLimits{1, kMaxTrafficLimit};
constexpr DurationRange kWaits{10ms, 60s};       // for a connection
constexpr DurationRange kIdleTimes{100ms, 24h};  // of connections and streams
constexpr DurationRange kRequests{0s, 24h};
constexpr DurationRange kHedges{10ms, 60s};

TrafficLimits parse_limits(JsonObject& spec) {
  TrafficLimits out;
  std::optional<JsonObject> limits = spec.optional_object("limits");
  if (!limits) return out;
  auto limit = [&](std::string_view field) -> std::optional<uint32_t> {
    std::optional<int64_t> value = limits->optional_integer(field, kLimits);
    if (!value) return std::nullopt;
    return static_cast<uint32_t>(*value);
  };
  out.connections = limit("connections");
  out.pending_requests = limit("pendingRequests");
  out.requests = limit("requests");
  out.retries = limit("retries");
  limits->finish();
  return out;
}

TrafficTimeouts parse_timeouts(JsonObject& spec) {
  TrafficTimeouts out;
  std::optional<JsonObject> timeouts = spec.optional_object("timeouts");
  if (!timeouts) return out;
  out.connect = timeouts->optional_duration("connect", kWaits);
  out.pending = timeouts->optional_duration("pending", kWaits);
  out.connection_idle = timeouts->optional_duration("connectionIdle", kIdleTimes);
  out.stream_idle = timeouts->optional_duration("streamIdle", kIdleTimes);
  out.request = timeouts->optional_duration("request", kRequests);
  out.max_grpc = timeouts->optional_duration("maxGrpcTimeout", kRequests);
  timeouts->finish();
  return out;
}

std::optional<HedgeSpec> parse_hedge(JsonObject& spec) {
  std::optional<JsonObject> hedge = spec.optional_object("hedge");
  if (!hedge) return std::nullopt;
  HedgeSpec out;
  out.after = hedge->duration("after", kHedges);
  out.any_method = hedge->optional_boolean("nonIdempotent").value_or(false);
  hedge->finish();
  return out;
}

std::string parse_target(const JsonReader& at, std::string_view what) {
  JsonObject object = at.object();
  std::string group = object.optional_string("group").value_or("heddle.dev");
  std::string kind = object.optional_string("kind").value_or("BackendSet");
  if (group != "heddle.dev" || kind != "BackendSet") {
    object.problem("kind", str_cat(in_quotes(kind), " of group ", in_quotes(group), " has no ", what,
                                   "; expected BackendSet of group \"heddle.dev\""));
  }
  std::string name = read_name(object, "name");
  object.finish();
  return name;
}

void add_target(const JsonReader& at, std::string_view what, std::vector<std::string>& out) {
  std::string name = parse_target(at, what);
  if (name.empty()) return;
  if (std::find(out.begin(), out.end(), name) != out.end()) at.problem(str_cat(in_quotes(name), " stands twice"));
  out.push_back(std::move(name));
}
}  // namespace

std::vector<std::string> read_targets(JsonObject& spec, std::string_view what) {
  std::vector<std::string> out;
  if (std::optional<JsonReader> at = spec.optional("targetRef")) add_target(*at, what, out);
  for (const JsonReader& at : spec.optional_array("targetRefs", {0, kMaxPolicyTargets})) add_target(at, what, out);
  return out;
}

std::shared_ptr<const TrafficPolicySpec> parse_traffic_policy(const Envelope& envelope, JsonObject& spec) {
  auto out = std::make_shared<TrafficPolicySpec>();
  out->key = envelope.key;
  std::optional<JsonValue> list = spec.value().find("targetRefs");
  bool is_empty = !list || (list->is_array() && list->size() == 0);
  if (is_empty && !spec.has("targetRef")) spec.problem("targetRefs", "is required: the backend sets it is for");
  out->targets = read_targets(spec, "traffic limits");
  out->limits = parse_limits(spec);
  out->timeouts = parse_timeouts(spec);
  out->retry = parse_policy_retry(spec);
  out->retry_budget = parse_retry_budget(spec);
  out->hedge = parse_hedge(spec);
  if (auto lb = spec.optional_object("loadBalancer")) out->lb = parse_lb_override(*lb);
  return out;
}
}  // namespace heddle::detail
