#include "lib/config/crd.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Kind kKinds[] = {Kind::kBackendSet,          Kind::kHealthPolicy,        Kind::kTrafficPolicy,
                           Kind::kAuthorizationPolicy, Kind::kRateLimitPolicy,     Kind::kWorkload,
                           Kind::kHttpRouteFilter,     Kind::kFederatedTrustDomain};
constexpr std::string_view kGroup = "heddle.dev";
constexpr std::string_view kVersion = "v1";
constexpr std::string_view kDurationPattern = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";  // GEP-2257
constexpr size_t kMostItems = 100'000;                                          // of lists without a limit of their own

JsonValue text(std::string_view value) { return JsonValue::string(value); }
JsonValue whole(size_t value) { return JsonValue::integer(static_cast<int64_t>(value)); }
JsonValue typed(std::string_view type) { return JsonValue::object().with({"type"}, text(type)); }
JsonValue texts(std::span<const std::string_view> words) {
  std::vector<JsonValue> out;
  for (std::string_view word : words) out.push_back(text(word));
  return JsonValue::array(out);
}

JsonValue field_schema_of(const FieldInfo&);

JsonValue properties_of(std::span<const FieldInfo> rows) {
  JsonValue out = typed("object");
  if (rows.empty()) return out.with({"x-kubernetes-preserve-unknown-fields"}, JsonValue::boolean(true));
  std::vector<std::string_view> required;
  JsonValue properties = JsonValue::object();
  for (const FieldInfo& row : rows) {
    properties = properties.with({row.name}, field_schema_of(row));
    if (row.is_required && row.with_field.empty()) required.push_back(row.name);
  }
  out = out.with({"properties"}, properties);
  return required.empty() ? out : out.with({"required"}, texts(required));
}

JsonValue string_schema(const FieldInfo& field) {
  JsonValue out = typed("string");
  if (!field.values().empty()) return out.with({"enum"}, texts(field.values()));
  if (field.bytes.min != 0) out = out.with({"minLength"}, whole(1));
  return field.bytes.max == SizeRange{}.max ? out : out.with({"maxLength"}, whole(field.bytes.max));
}

// One of two types: the API server keeps it as it is, the control plane judges it.
JsonValue either() {
  return JsonValue::object().with({"x-kubernetes-preserve-unknown-fields"}, JsonValue::boolean(true));
}

JsonValue element_schema(const FieldInfo& field) {
  switch (field.type) {
    case FieldType::kString:
      return string_schema(field);
    case FieldType::kInteger:
      return typed("integer")
          .with({"format"}, text("int64"))
          .with({"minimum"}, JsonValue::integer(field.integers.min))
          .with({"maximum"}, JsonValue::integer(field.integers.max));
    case FieldType::kNumber:
      return typed("number")
          .with({"minimum"}, JsonValue::number(field.least))
          .with({"maximum"}, JsonValue::number(field.most));
    case FieldType::kBoolean:
      return typed("boolean");
    case FieldType::kDuration:
      return typed("string").with({"pattern"}, text(kDurationPattern));
    case FieldType::kObject:
      return properties_of(field.fields());
    case FieldType::kIntegerOrString:
      return JsonValue::object().with({"x-kubernetes-int-or-string"}, JsonValue::boolean(true));
    case FieldType::kWordOrList:
    case FieldType::kAny:
      break;
  }
  return either();
}

JsonValue field_schema_of(const FieldInfo& field) {
  JsonValue out = element_schema(field);
  if (field.shape == FieldShape::kList) {
    JsonValue list = typed("array").with({"items"}, out).with({"x-kubernetes-list-type"}, text("atomic"));
    if (field.elements.min != 0) list = list.with({"minItems"}, whole(field.elements.min));
    size_t most = field.elements.max == SizeRange{}.max ? kMostItems : field.elements.max;
    out = list.with({"maxItems"}, whole(most));
  } else if (field.shape == FieldShape::kMap) {
    out = typed("object").with({"additionalProperties"}, out);
  }
  return out.with({"description"}, text(field.what));
}

JsonValue condition_schema() {
  JsonValue properties = JsonValue::object();
  for (std::string_view name : {"type", "status", "reason", "message"}) {
    properties = properties.with({name}, typed("string"));
  }
  properties = properties.with({"lastTransitionTime"}, typed("string").with({"format"}, text("date-time")));
  properties = properties.with({"observedGeneration"}, typed("integer").with({"format"}, text("int64")));
  constexpr std::string_view kRequired[] = {"type", "status"};
  return typed("object").with({"properties"}, properties).with({"required"}, texts(kRequired));
}

JsonValue status_schema() {
  constexpr std::string_view kKeys[] = {"type"};
  JsonValue conditions = typed("array")
                             .with({"items"}, condition_schema())
                             .with({"maxItems"}, whole(8))
                             .with({"x-kubernetes-list-type"}, text("map"))
                             .with({"x-kubernetes-list-map-keys"}, texts(kKeys));
  return typed("object").with({"properties", "conditions"}, conditions);
}

JsonValue schema_of(Kind kind) {
  constexpr std::string_view kRequired[] = {"spec"};
  JsonValue out = typed("object").with({"description"}, text(kind_summary(kind)));
  for (std::string_view name : {"apiVersion", "kind"}) out = out.with({"properties", name}, typed("string"));
  out = out.with({"properties", "metadata"}, typed("object"));
  out = out.with({"properties", "spec"}, properties_of(spec_fields(kind)));
  return out.with({"properties", "status"}, status_schema()).with({"required"}, texts(kRequired));
}

JsonValue column(std::string_view name, std::string_view type, std::string_view path) {
  return JsonValue::object().with({"name"}, text(name)).with({"type"}, text(type)).with({"jsonPath"}, text(path));
}

JsonValue version_of(Kind kind) {
  const JsonValue columns[] = {column("Accepted", "string", R"(.status.conditions[?(@.type=="Accepted")].status)"),
                               column("Programmed", "string", R"(.status.conditions[?(@.type=="Programmed")].status)"),
                               column("Age", "date", ".metadata.creationTimestamp")};
  return JsonValue::object()
      .with({"name"}, text(kVersion))
      .with({"served"}, JsonValue::boolean(true))
      .with({"storage"}, JsonValue::boolean(true))
      .with({"subresources", "status"}, JsonValue::object())
      .with({"additionalPrinterColumns"}, JsonValue::array(columns))
      .with({"schema", "openAPIV3Schema"}, schema_of(kind));
}
}  // namespace

std::span<const Kind> crd_kinds() noexcept { return kKinds; }

JsonValue crd(Kind kind) {
  const KindInfo& names = info(kind);
  constexpr std::string_view kCategories[] = {"heddle"};
  const std::string_view short_names[] = {names.short_name};
  const JsonValue versions[] = {version_of(kind)};
  return JsonValue::object()
      .with({"apiVersion"}, text("apiextensions.k8s.io/v1"))
      .with({"kind"}, text("CustomResourceDefinition"))
      .with({"metadata", "name"}, text(str_cat(names.plural, ".", kGroup)))
      .with({"metadata", "labels", "app.kubernetes.io/part-of"}, text("heddle"))
      .with({"spec", "group"}, text(kGroup))
      .with({"spec", "scope"}, text("Namespaced"))
      .with({"spec", "names", "kind"}, text(names.name))
      .with({"spec", "names", "listKind"}, text(str_cat(names.name, "List")))
      .with({"spec", "names", "plural"}, text(names.plural))
      .with({"spec", "names", "singular"}, text(to_lower(names.name)))
      .with({"spec", "names", "shortNames"}, texts(short_names))
      .with({"spec", "names", "categories"}, texts(kCategories))
      .with({"spec", "versions"}, JsonValue::array(versions));
}
}  // namespace heddle
