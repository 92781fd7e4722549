#include "lib/config/field_table.h"

#include <algorithm>
#include <cstdio>

#include "lib/base/strings.h"
#include "lib/config/fields_detail.h"

namespace heddle {
namespace {
using namespace fields;

// The envelope (lib/api/envelope.h).
constexpr std::string_view kServerOwned = "Set by the control plane; ignored in what is applied.";
constexpr FieldInfo kMetadata[] = {
    text("name", "Name of the resource: RFC 1123, unique among its kind and namespace.", {1, 253}).required(),
    text("namespace", "Its namespace: a DNS label.", {1, 63}).by_default("default"),
    map("labels", "At most 64, of [prefix/]name to at most 63 letters, digits, '-', '_' and '.'.", {0, 63}),
    map("annotations", "Texts for whoever reads them, at most 256 KiB."),
    any("uid", kServerOwned),
    any("generation", kServerOwned),
    any("managedFields", kServerOwned),
    any("resourceVersion",
        "The version it was read at: it is changed only if it still is at that. Leave it out to overwrite."),
    any("creationTimestamp", kServerOwned)};

using Spec = std::span<const FieldInfo> (*)();
struct KindRow {
  Kind kind;
  Spec spec;
  std::string_view summary;
};
constexpr KindRow kKinds[] = {
    {Kind::kService, detail::service_fields, "A name that applications call, and its ports."},
    {Kind::kBackendSet, detail::backend_set_fields, "Endpoints, and how one of them is chosen."},
    {Kind::kHttpRoute, detail::http_route_fields, "Where HTTP requests to a Service go (Gateway API)."},
    {Kind::kGrpcRoute, detail::grpc_route_fields, "Where gRPC calls to a Service go (Gateway API)."},
    {Kind::kTcpRoute, detail::tcp_route_fields, "Where opaque connections to a Service go (Gateway API)."},
    {Kind::kTlsRoute, detail::tls_route_fields, "Where TLS connections go, by their server name (Gateway API)."},
    {Kind::kHealthPolicy, detail::health_policy_fields, "Which endpoints of a BackendSet are well."},
    {Kind::kTrafficPolicy, detail::traffic_policy_fields, "Limits, timeouts and retries towards a BackendSet."},
    {Kind::kAuthorizationPolicy, detail::authorization_policy_fields, "Who may send what to a workload."},
    {Kind::kRateLimitPolicy, detail::rate_limit_policy_fields, "How many requests a workload takes of whom."},
    {Kind::kWorkload, detail::workload_fields, "An application with an identity, and what it is a backend of."},
    {Kind::kFederatedTrustDomain, detail::federated_trust_domain_fields, "Another trust domain that is believed."},
    {Kind::kHttpRouteFilter, detail::http_route_filter_fields, "An answer or fault that a rule of a route names."}};

const KindRow* row_of(Kind kind) {
  auto found = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KindRow& row) { return row.kind == kind; });
  return found == std::end(kKinds) ? nullptr : &*found;
}

// "matches", "matches[]" and "matches[0]" are the field "matches".
std::string_view without_index(std::string_view part) {
  size_t open = part.find('[');
  return part.ends_with(']') ? part.substr(0, open) : part;
}

Error unknown(std::string_view part, std::string_view within, std::span<const FieldInfo> rows) {
  std::vector<std::string_view> names;
  for (const FieldInfo& row : rows) names.push_back(row.name);
  std::string_view near = closest_name(part, names);
  std::vector<std::string> all(names.begin(), names.end());
  std::string there = all.empty() ? std::string("it has none") : str_cat("there are ", join(all, ", "));
  return make_error(Reason::kNotFound, str_cat(within, " has no field ", in_quotes(part), "; ",
                                               near.empty() ? there : str_cat("did you mean ", in_quotes(near), "?")));
}

// "1", "0.1": without zeros at the end.
std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

std::string sizes_text(SizeRange range, std::string_view unit) {
  bool is_open = range.max == SizeRange{}.max;
  if (is_open && range.min == 0) return {};
  if (is_open) return str_cat("at least ", std::to_string(range.min), " ", unit);
  return str_cat(std::to_string(range.min), "-", std::to_string(range.max), " ", unit);
}

std::string value_limits(const FieldInfo& field) {
  switch (field.type) {
    case FieldType::kString:
      return field.value_count != 0 ? "" : sizes_text(field.bytes, "bytes");
    case FieldType::kInteger:
    case FieldType::kIntegerOrString:
      return str_cat(std::to_string(field.integers.min), "-", std::to_string(field.integers.max));
    case FieldType::kNumber:
      return str_cat(number_text(field.least), "-", number_text(field.most));
    case FieldType::kDuration:
      return str_cat(format_duration(field.durations.min), "-", format_duration(field.durations.max));
    default:
      return {};
  }
}

std::string_view element_text(FieldType type) {
  switch (type) {
    case FieldType::kString:
      return "string";
    case FieldType::kInteger:
      return "integer";
    case FieldType::kNumber:
      return "number";
    case FieldType::kBoolean:
      return "boolean";
    case FieldType::kDuration:
      return "duration";
    case FieldType::kObject:
      return "object";
    case FieldType::kWordOrList:
      return "word or list of string";
    case FieldType::kIntegerOrString:
      return "integer or string";
    case FieldType::kAny:
      return "any";
  }
  return {};
}
}  // namespace

std::span<const FieldInfo> spec_fields(Kind kind) {
  const KindRow* row = row_of(kind);
  return row == nullptr ? std::span<const FieldInfo>() : row->spec();
}

std::string_view kind_summary(Kind kind) noexcept {
  const KindRow* row = row_of(kind);
  return row == nullptr ? std::string_view() : row->summary;
}

std::vector<FieldInfo> resource_fields(Kind kind) {
  return {text("apiVersion", info(kind).api_version, {1}).required(), text("kind", info(kind).name, {1}).required(),
          object("metadata", "Who it is.", kMetadata).required(),
          object("spec", kind_summary(kind), spec_fields(kind)).required(),
          open_object("status", "What the control plane says of it; ignored in what is applied.")};
}

Result<FieldInfo> find_field(Kind kind, std::string_view path) {
  std::vector<FieldInfo> top = resource_fields(kind);
  std::span<const FieldInfo> rows = top;
  std::string within(info(kind).name);
  FieldInfo found;
  for (std::string_view part : split(path, '.')) {
    std::string_view name = without_index(part);
    auto row = std::find_if(rows.begin(), rows.end(), [&](const FieldInfo& field) { return field.name == name; });
    if (row == rows.end()) return unknown(name, within, rows);
    found = *row;
    rows = found.fields();
    within.append(".").append(name);
  }
  return found;
}

std::string type_text(const FieldInfo& field) {
  std::string_view element = element_text(field.type);
  if (field.shape == FieldShape::kList) return str_cat("list of ", element);
  return field.shape == FieldShape::kMap ? str_cat("map of ", element) : std::string(element);
}

std::string limits_text(const FieldInfo& field) {
  std::vector<std::string> parts;
  std::string value = value_limits(field);
  if (!value.empty()) parts.push_back(std::move(value));
  std::string elements = field.shape == FieldShape::kList ? sizes_text(field.elements, "elements") : "";
  if (!elements.empty()) parts.push_back(std::move(elements));
  return join(parts, ", ");
}
}  // namespace heddle
