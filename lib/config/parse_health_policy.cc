#include <algorithm>

#include "lib/base/strings.h"
#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr EnumName<CheckKind> kCheckKinds[] = {
    {"http", CheckKind::kHttp}, {"tcp", CheckKind::kTcp}, {"grpc", CheckKind::kGrpc}};
constexpr EnumName<std::string_view> kMethods[] = {{"GET", "GET"}, {"HEAD", "HEAD"}, {"OPTIONS", "OPTIONS"}};
constexpr DurationRange kIntervals{100ms, 1h};
constexpr DurationRange kTimeouts{10ms, 60s};
constexpr IntRange kThresholds{1, 100};
constexpr IntRange kStatuses{100, 599};
constexpr size_t kMaxStatuses = 16;
constexpr size_t kMaxGrpcService = 253;

// 200, or "200-299".
std::optional<StatusRange> parse_status(const JsonReader& at) {
  if (!at.value().is_string()) {
    std::optional<int64_t> one = at.integer(kStatuses);
    if (!one) return std::nullopt;
    return StatusRange{static_cast<uint16_t>(*one), static_cast<uint16_t>(*one)};
  }
  std::string_view text = *at.value().as_string();
  size_t dash = text.find('-');
  std::optional<uint16_t> first = parse_int<uint16_t>(text.substr(0, dash));
  std::optional<uint16_t> last = dash == std::string_view::npos ? first : parse_int<uint16_t>(text.substr(dash + 1));
  if (first && last && *first >= 100 && *first <= *last && *last <= 599) return StatusRange{*first, *last};
  at.problem(str_cat(in_quotes(text), " is not a status or a range as \"200-299\""));
  return std::nullopt;
}

void parse_host(JsonObject& object, ActiveCheck& out) {
  out.host = object.optional_string("host", {1, 253}).value_or("");
  bool host_fits =
      std::all_of(out.host.begin(), out.host.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '/'; });
  if (!host_fits) object.problem("host", "is not a host name");
}

void parse_http_check(JsonObject& object, ActiveCheck& out) {
  out.method = object.optional_one_of("method", kMethods).value_or("GET");
  out.path = object.optional_string("path", {1, kMaxPathValue}).value_or("/");
  bool printable = std::all_of(out.path.begin(), out.path.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!out.path.starts_with('/') || !printable) object.problem("path", "must begin with '/' and be printable ASCII");
  parse_host(object, out);
  if (!object.has("expectedStatuses")) return;
  out.expected.clear();
  for (const JsonReader& at : object.array("expectedStatuses", {1, kMaxStatuses})) {
    if (std::optional<StatusRange> range = parse_status(at)) out.expected.push_back(*range);
  }
}

void parse_grpc_check(JsonObject& object, ActiveCheck& out) {
  parse_host(object, out);
  out.service = object.optional_string("service", {0, kMaxGrpcService}).value_or("");
  bool printable = std::all_of(out.service.begin(), out.service.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!printable) object.problem("service", "must be printable ASCII without blanks");
}

// A field of another kind of check is a mistake, not something to ignore.
void refuse_fields_of_others(JsonObject& object, CheckKind kind) {
  auto refuse = [&](std::string_view field, std::string_view why) {
    if (object.has(field)) object.problem(field, std::string(why));
    object.ignore(field);
  };
  if (kind != CheckKind::kHttp) {
    for (std::string_view field : {"method", "path", "expectedStatuses"})
      refuse(field, "belongs to checks of kind http");
  }
  if (kind != CheckKind::kGrpc) refuse("service", "belongs to checks of kind grpc");
  if (kind == CheckKind::kTcp) refuse("host", "belongs to checks of kind http or grpc");
}

void parse_times(JsonObject& object, ActiveCheck& out) {
  out.interval = object.optional_duration("interval", kIntervals).value_or(out.interval);
  out.unhealthy_interval = object.optional_duration("unhealthyInterval", kIntervals).value_or(Duration{});
  out.no_traffic_interval = object.optional_duration("noTrafficInterval", kIntervals).value_or(Duration{});
  out.timeout = object.optional_duration("timeout", kTimeouts).value_or(out.timeout);
}

ActiveCheck parse_check(const JsonReader& at) {
  JsonObject object = at.object();
  ActiveCheck out;
  out.kind = object.optional_one_of("kind", kCheckKinds).value_or(CheckKind::kTcp);
  if (object.is_object() && !object.has("kind")) object.problem("kind", "is required");
  if (out.kind == CheckKind::kHttp) parse_http_check(object, out);
  if (out.kind == CheckKind::kGrpc) parse_grpc_check(object, out);
  refuse_fields_of_others(object, out.kind);
  parse_times(object, out);
  auto threshold = [&](std::string_view field, uint32_t otherwise) {
    return static_cast<uint32_t>(object.optional_integer(field, kThresholds).value_or(otherwise));
  };
  out.unhealthy_threshold = threshold("unhealthyThreshold", out.unhealthy_threshold);
  out.healthy_threshold = threshold("healthyThreshold", out.healthy_threshold);
  out.jitter = object.optional_number("jitter").value_or(out.jitter);
  if (!(out.jitter >= 0 && out.jitter <= 1)) object.problem("jitter", "is out of range (0-1, a part of the interval)");
  object.finish();
  return out;
}
}  // namespace

std::shared_ptr<const HealthPolicySpec> parse_health_policy(const Envelope& envelope, JsonObject& spec) {
  auto out = std::make_shared<HealthPolicySpec>();
  out->key = envelope.key;
  out->targets = read_targets(spec, "health");
  for (const JsonReader& at : spec.optional_array("active", {0, kMaxActiveChecks})) {
    out->active.push_back(parse_check(at));
  }
  if (std::optional<JsonReader> at = spec.optional("outlier")) out->outlier = parse_outlier(*at);
  spec.refuse("panicThreshold", "stands in the BackendSet or its TrafficPolicy: loadBalancer.panicThreshold");
  spec.refuse("minHealthyPercent", "stands in the BackendSet or its TrafficPolicy: loadBalancer.minHealthyPercent");
  spec.refuse("slowStart", "stands in the BackendSet or its TrafficPolicy: loadBalancer.slowStart");
  return out;
}

std::shared_ptr<const WorkloadSpec> parse_workload(const Envelope& envelope, JsonObject& spec) {
  auto out = std::make_shared<WorkloadSpec>();
  out->key = envelope.key;
  out->identity = read_optional_identity(spec, "identity");
  if (!spec.has("identity")) spec.problem("identity", "is required");
  for (const JsonReader& at : spec.optional_array("services", {0, kMaxPolicyTargets})) {
    std::string_view name = at.string(kNameSize).value_or("");
    if (!name.empty() && !is_dns_label(name)) at.problem(str_cat(in_quotes(name), " is not the name of a Service"));
    out->services.emplace_back(name);
  }
  out->overload = parse_overload(spec);
  return out;
}
}  // namespace heddle::detail
