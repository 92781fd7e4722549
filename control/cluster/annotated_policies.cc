#include "control/cluster/annotated_policies.h"

#include "control/cluster/cluster_objects.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
enum class Form : uint8_t { kText, kNumber, kNumbers };
struct Row {
  std::string_view annotation;
  std::string_view object;  // below spec
  std::string_view field;
  Form form = Form::kText;
};
constexpr Row kTraffic[] = {{"timeout", "timeouts", "request"},
                            {"idle-timeout", "timeouts", "streamIdle"},
                            {"connect-timeout", "timeouts", "connect"},
                            {"retries", "retry", "attempts", Form::kNumber},
                            {"retry-codes", "retry", "codes", Form::kNumbers},
                            {"max-connections", "limits", "connections", Form::kNumber},
                            {"max-requests", "limits", "requests", Form::kNumber}};
constexpr std::string_view kTrafficObjects[] = {"timeouts", "retry", "limits"};
// Of spec.active[0].
constexpr Row kCheck[] = {{"health-check", "", "kind"},
                          {"health-path", "", "path"},
                          {"health-interval", "", "interval"},
                          {"health-timeout", "", "timeout"}};
constexpr std::string_view kOutlier = "outlier-errors";
// Not of a policy: of the ports, the Service and its sets.
constexpr std::string_view kOthers[] = {"protocol", "opaque-ports", "visibility", "load-balancer"};

// A number that is none is written as the text it is: the parser says what it expected.
void write_value(JsonWriter& out, std::string_view text, Form form) {
  std::optional<int64_t> number = form == Form::kText ? std::nullopt : parse_int<int64_t>(text);
  if (number) {
    out.integer(*number);
  } else {
    out.string(text);
  }
}

void write_row(JsonWriter& out, const Row& row, const std::string& said) {
  out.key(row.field);
  if (row.form != Form::kNumbers) return write_value(out, said, row.form);
  out.begin_array();
  for (std::string_view part : split(said, ',')) write_value(out, trim(part), row.form);
  out.end_array();
}

class PolicyText {
 public:
  PolicyText(std::string_view kind, const JsonValue& service, const std::vector<std::string>& sets) : out_(text_) {
    out_.begin_object().field("apiVersion", "heddle.dev/v1").field("kind", kind).key("metadata").begin_object();
    out_.field("name", str_cat(text_at(service, {"metadata", "name"}), ".annotations"));
    out_.field("namespace", text_at(service, {"metadata", "namespace"})).end_object();
    out_.key("spec").begin_object().key("targetRefs").begin_array();
    for (const std::string& set : sets) out_.begin_object().field("kind", "BackendSet").field("name", set).end_object();
    out_.end_array();
  }
  JsonWriter& out() noexcept { return out_; }
  JsonValue finish() {
    out_.end_object().end_object();
    return JsonValue::parse(text_).value_or(JsonValue());
  }

 private:
  std::string text_;
  JsonWriter out_;
};

bool says_any(const JsonValue& service, std::span<const Row> rows) {
  for (const Row& row : rows) {
    if (annotation(service, row.annotation)) return true;
  }
  return false;
}

JsonValue traffic_policy(const JsonValue& service, const std::vector<std::string>& sets) {
  PolicyText policy("TrafficPolicy", service, sets);
  for (std::string_view object : kTrafficObjects) {
    bool is_open = false;
    for (const Row& row : kTraffic) {
      std::optional<std::string> said = row.object == object ? annotation(service, row.annotation) : std::nullopt;
      if (!said) continue;
      if (!is_open) policy.out().key(object).begin_object();
      is_open = true;
      write_row(policy.out(), row, *said);
    }
    if (is_open) policy.out().end_object();
  }
  return policy.finish();
}

JsonValue health_policy(const JsonValue& service, const std::vector<std::string>& sets) {
  PolicyText policy("HealthPolicy", service, sets);
  if (says_any(service, kCheck)) {
    policy.out().key("active").begin_array().begin_object();
    if (!annotation(service, "health-check")) {
      policy.out().field("kind", annotation(service, "health-path") ? "http" : "tcp");
    }
    for (const Row& row : kCheck) {
      if (auto said = annotation(service, row.annotation)) write_row(policy.out(), row, *said);
    }
    policy.out().end_object().end_array();
  }
  if (auto errors = annotation(service, kOutlier)) {
    policy.out().key("outlier").begin_object().key("consecutiveErrors");
    write_value(policy.out(), *errors, Form::kNumber);
    policy.out().end_object();
  }
  return policy.finish();
}
}  // namespace

void write_load_balancer(JsonWriter& out, const JsonValue& service) {
  std::optional<std::string> said = annotation(service, "load-balancer");
  std::string_view near = text_at(service, {"spec", "trafficDistribution"});
  bool sticks = text_at(service, {"spec", "sessionAffinity"}) == "ClientIP";
  bool is_near = near == "PreferClose" || near == "PreferSameZone" || near == "PreferSameNode";
  if (!said && !sticks && !is_near) return;
  out.key("loadBalancer").begin_object();
  if (sticks && !said) {  // zones are not for what hashes
    out.field("policy", "maglev").key("hashOn").begin_object().field("sourceAddress", true).end_object();
  } else {
    if (said) out.field("policy", *said);
    if (is_near) out.field("zoneAware", true);
  }
  out.end_object();
}

std::vector<JsonValue> annotated_policies(const JsonValue& service, const std::vector<std::string>& backend_sets) {
  std::vector<JsonValue> out;
  if (says_any(service, kTraffic)) out.push_back(traffic_policy(service, backend_sets));
  if (says_any(service, kCheck) || annotation(service, kOutlier)) out.push_back(health_policy(service, backend_sets));
  return out;
}

std::string annotation_of(std::string_view kind, std::string_view field) {
  if (kind == "BackendSet" && field.starts_with("spec.loadBalancer")) return "heddle.dev/load-balancer";
  if (kind == "Service" && field.starts_with("spec.visibility")) return "heddle.dev/visibility";
  if (kind == "HealthPolicy" && field.starts_with("spec.outlier")) return str_cat("heddle.dev/", kOutlier);
  for (const Row& row : kTraffic) {
    if (kind == "TrafficPolicy" && field.starts_with(str_cat("spec.", row.object, ".", row.field))) {
      return str_cat("heddle.dev/", row.annotation);
    }
  }
  for (const Row& row : kCheck) {
    if (kind == "HealthPolicy" && field.starts_with(str_cat("spec.active[0].", row.field))) {
      return str_cat("heddle.dev/", row.annotation);
    }
  }
  return {};
}

std::vector<std::string> service_annotations() {
  std::vector<std::string> out{str_cat("heddle.dev/", kOutlier)};
  for (std::string_view name : kOthers) out.push_back(str_cat("heddle.dev/", name));
  for (const Row& row : kTraffic) out.push_back(str_cat("heddle.dev/", row.annotation));
  for (const Row& row : kCheck) out.push_back(str_cat("heddle.dev/", row.annotation));
  return out;
}
}  // namespace heddle
