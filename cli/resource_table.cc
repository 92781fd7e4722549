#include "cli/resource_table.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kShown = 3;  // elements of a list; the rest is counted

std::vector<JsonValue> list_at(const JsonValue& document, JsonValue::Path path) {
  std::vector<JsonValue> out;
  std::optional<JsonValue> list = document.find(path);
  if (!list || !list->is_array()) return out;
  for (size_t i = 0; i < list->size(); ++i) out.push_back(list->at(i));
  return out;
}

std::string count_at(const JsonValue& document, JsonValue::Path path) {
  return std::to_string(list_at(document, path).size());
}

template <class F>
std::string joined(const std::vector<JsonValue>& items, F&& text_of) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < items.size() && i < kShown; ++i) parts.push_back(text_of(items[i]));
  std::string out = join(parts, ",");
  if (items.size() > kShown) out.append(" + ").append(std::to_string(items.size() - kShown)).append(" more");
  return out;
}

std::string itself(const JsonValue& value) { return std::string(value.as_string().value_or("")); }
std::string name_of(const JsonValue& value) { return text_at(value, {"name"}); }

std::string or_default(const std::string& text, std::string_view fallback) {
  return text.empty() ? std::string(fallback) : text;
}

std::string port_text(const JsonValue& port) {
  std::string protocol = or_default(text_at(port, {"protocol"}), text_at(port, {"appProtocol"}));
  return str_cat(scalar_at(port, {"port"}), "/", or_default(protocol, "auto"));
}

// One kind: its columns and how a document fills them.
struct Columns {
  Kind kind;
  std::vector<std::string> header;
  std::vector<Cell> (*cells)(const JsonValue&);
};

std::vector<Cell> service_cells(const JsonValue& d) {
  return {joined(list_at(d, {"spec", "ports"}), port_text), joined(list_at(d, {"spec", "hosts"}), itself)};
}
// "app=web,version=v2"
std::string labels_at(const JsonValue& d, JsonValue::Path path) {
  std::vector<std::string> parts;
  std::optional<JsonValue> labels = d.find(path);
  if (labels && labels->is_object()) {
    for (std::string_view key : labels->keys()) parts.push_back(str_cat(key, "=", text_at(*labels, {key})));
  }
  return join(parts, ",");
}
// "hello[version=v2]"
std::string subset_text(const JsonValue& d) {
  return str_cat(text_at(d, {"spec", "subsetOf", "name"}), "[", labels_at(d, {"spec", "subsetOf", "labels"}), "]");
}
void append_wide(std::vector<Cell>& row, const JsonValue& item) {
  row.emplace_back(scalar_at(item, {"metadata", "resourceVersion"}));
  row.emplace_back(scalar_at(item, {"metadata", "generation"}));
  row.emplace_back(labels_at(item, {"metadata", "labels"}));
}
std::vector<Cell> backend_set_cells(const JsonValue& d) {
  if (d.find({"spec", "subsetOf"})) {
    return {subset_text(d), "-", or_default(text_at(d, {"spec", "loadBalancer", "policy"}), "-")};
  }
  std::string dns = text_at(d, {"spec", "dns", "name"});
  return {dns.empty() ? count_at(d, {"spec", "endpoints"}) : dns, or_default(text_at(d, {"spec", "tls"}), "mtls"),
          or_default(text_at(d, {"spec", "loadBalancer", "policy"}), "peakEwma")};
}
// "True", or "False (Conflicted)" of the first parent that did not accept the route.
std::string accepted_at(const JsonValue& d) {
  std::string out;
  for (const JsonValue& parent : list_at(d, {"status", "parents"})) {
    for (const JsonValue& condition : list_at(parent, {"conditions"})) {
      if (text_at(condition, {"type"}) != "Accepted") continue;
      if (text_at(condition, {"status"}) != "True") return str_cat("False (", text_at(condition, {"reason"}), ")");
      out = "True";
    }
  }
  return or_default(out, "<unknown>");
}
std::vector<Cell> http_route_cells(const JsonValue& d) {
  return {joined(list_at(d, {"spec", "hostnames"}), itself), joined(list_at(d, {"spec", "parentRefs"}), name_of),
          count_at(d, {"spec", "rules"}), accepted_at(d)};
}
std::vector<Cell> tcp_route_cells(const JsonValue& d) {
  std::vector<JsonValue> rules = list_at(d, {"spec", "rules"});
  std::vector<JsonValue> backends;
  if (!rules.empty()) backends = list_at(rules[0], {"backendRefs"});
  return {joined(list_at(d, {"spec", "parentRefs"}), name_of), joined(backends, name_of), accepted_at(d)};
}
std::vector<JsonValue> targets_of(const JsonValue& d) {
  std::vector<JsonValue> targets = list_at(d, {"spec", "targetRefs"});
  if (std::optional<JsonValue> one = d.find({"spec", "targetRef"})) targets.insert(targets.begin(), *one);
  return targets;
}
// The names of what is set: "requests,retries".
std::string keys_at(const JsonValue& document, JsonValue::Path path) {
  std::optional<JsonValue> object = document.find(path);
  if (!object || !object->is_object()) return {};
  std::vector<std::string> keys;
  for (std::string_view key : object->keys()) keys.emplace_back(key);
  return join(keys, ",");
}
std::vector<Cell> health_policy_cells(const JsonValue& d) {
  auto kind = [](const JsonValue& check) { return text_at(check, {"kind"}); };
  return {joined(targets_of(d), name_of), joined(list_at(d, {"spec", "active"}), kind),
          keys_at(d, {"spec", "outlier"})};
}
std::vector<Cell> traffic_policy_cells(const JsonValue& d) {
  return {joined(targets_of(d), name_of),
          keys_at(d, {"spec", "limits"}),
          keys_at(d, {"spec", "timeouts"}),
          keys_at(d, {"spec", "retry"}),
          keys_at(d, {"spec", "retryBudget"}),
          keys_at(d, {"spec", "hedge"}),
          or_default(text_at(d, {"spec", "loadBalancer", "policy"}),
                     or_default(keys_at(d, {"spec", "loadBalancer"}), "-"))};
}
std::vector<Cell> authorization_policy_cells(const JsonValue& d) {
  std::string action = text_at(d, {"spec", "action"});
  std::string otherwise = text_at(d, {"spec", "defaultAction"});
  std::optional<JsonValue> target = d.find({"spec", "targetRef"});
  return {action.empty() ? "default: " + otherwise : action, target ? name_of(*target) : std::string("*"),
          std::to_string(list_at(d, {"spec", "rules"}).size())};
}
std::vector<Cell> rate_limit_policy_cells(const JsonValue& d) {
  auto rate = [](const JsonValue& limit) {
    return str_cat(scalar_at(limit, {"name"}), "=", scalar_at(limit, {"requests"}), "/", scalar_at(limit, {"per"}));
  };
  std::optional<JsonValue> target = d.find({"spec", "targetRef"});
  return {or_default(text_at(d, {"spec", "mode"}), "enforce"), target ? name_of(*target) : std::string("*"),
          joined(list_at(d, {"spec", "limits"}), rate)};
}
std::vector<Cell> workload_cells(const JsonValue& d) {
  return {text_at(d, {"spec", "identity"}), joined(list_at(d, {"spec", "services"}), itself),
          keys_at(d, {"spec", "overload"})};
}
std::vector<Cell> federated_trust_domain_cells(const JsonValue& d) {
  return {text_at(d, {"spec", "trustDomain"}), or_default(text_at(d, {"spec", "bundleEndpoint", "profile"}), "given"),
          text_at(d, {"spec", "bundleEndpoint", "url"})};
}
std::vector<Cell> http_route_filter_cells(const JsonValue& d) {
  std::string fault;
  for (const char* part : {"delay", "abort"}) {
    if (d.find({"spec", "fault", part})) fault.append(fault.empty() ? "" : ",").append(part);
  }
  return {or_default(scalar_at(d, {"spec", "directResponse", "status"}), "-"), or_default(fault, "-")};
}
std::vector<Cell> no_cells(const JsonValue&) { return {}; }

Columns columns_of(Kind kind) {
  switch (kind) {
    case Kind::kService:
      return {kind, {"PORTS", "HOSTS"}, service_cells};
    case Kind::kBackendSet:
      return {kind, {"ENDPOINTS", "TLS", "BALANCER"}, backend_set_cells};
    case Kind::kHttpRoute:
    case Kind::kGrpcRoute:
    case Kind::kTlsRoute:
      return {kind, {"HOSTNAMES", "PARENTS", "RULES", "ACCEPTED"}, http_route_cells};
    case Kind::kTcpRoute:
      return {kind, {"PARENTS", "BACKENDS", "ACCEPTED"}, tcp_route_cells};
    case Kind::kHealthPolicy:
      return {kind, {"TARGETS", "CHECKS", "OUTLIER"}, health_policy_cells};
    case Kind::kTrafficPolicy:
      return {
          kind, {"TARGETS", "LIMITS", "TIMEOUTS", "RETRY", "RETRY BUDGET", "HEDGE", "BALANCER"}, traffic_policy_cells};
    case Kind::kAuthorizationPolicy:
      return {kind, {"ACTION", "TARGET", "RULES"}, authorization_policy_cells};
    case Kind::kWorkload:
      return {kind, {"IDENTITY", "SERVICES", "OVERLOAD"}, workload_cells};
    case Kind::kFederatedTrustDomain:
      return {kind, {"TRUST DOMAIN", "PROFILE", "ENDPOINT"}, federated_trust_domain_cells};
    case Kind::kRateLimitPolicy:
      return {kind, {"MODE", "TARGET", "LIMITS"}, rate_limit_policy_cells};
    case Kind::kHttpRouteFilter:
      return {kind, {"ANSWER", "FAULT"}, http_route_filter_cells};
    default:
      return {kind, {}, no_cells};
  }
}
}  // namespace

std::string text_at(const JsonValue& document, JsonValue::Path path) {
  std::optional<JsonValue> value = document.find(path);
  return value ? std::string(value->as_string().value_or("")) : std::string();
}

std::string scalar_at(const JsonValue& document, JsonValue::Path path) {
  std::optional<JsonValue> value = document.find(path);
  if (!value || value->is_null() || value->is_object() || value->is_array()) return {};
  return value->is_string() ? std::string(*value->as_string()) : value->compact();
}

std::string age_at(const JsonValue& document, JsonValue::Path path, WallTime now) {
  Result<WallTime> time = parse_time(text_at(document, path));
  return time ? format_age(now - *time) : std::string();
}

Table resource_table(Kind kind, const std::vector<JsonValue>& items, NamespaceColumn shown, WallTime now,
                     WideColumns wide) {
  Columns columns = columns_of(kind);
  std::vector<std::string> header;
  if (shown == NamespaceColumn::kShown) header.emplace_back("NAMESPACE");
  header.emplace_back("NAME");
  header.insert(header.end(), columns.header.begin(), columns.header.end());
  header.emplace_back("AGE");
  if (wide == WideColumns::kShown) header.insert(header.end(), {"VERSION", "GENERATION", "LABELS"});

  Table table(std::move(header));
  for (const JsonValue& item : items) {
    std::vector<Cell> row;
    if (shown == NamespaceColumn::kShown) row.emplace_back(text_at(item, {"metadata", "namespace"}));
    row.emplace_back(text_at(item, {"metadata", "name"}));
    for (Cell& cell : columns.cells(item)) row.push_back(std::move(cell));
    row.emplace_back(or_default(age_at(item, {"metadata", "creationTimestamp"}, now), "<unknown>"));
    if (wide == WideColumns::kShown) append_wide(row, item);
    table.add(std::move(row));
  }
  return table;
}
}  // namespace heddle
