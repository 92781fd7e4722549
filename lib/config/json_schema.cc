#include "lib/config/json_schema.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kDialect = "https://json-schema.org/draft/2020-12/schema";
constexpr std::string_view kDurationPattern = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";  // GEP-2257

JsonValue text(std::string_view value) { return JsonValue::string(value); }
JsonValue whole(size_t value) { return JsonValue::integer(static_cast<int64_t>(value)); }

JsonValue typed(std::string_view type) { return JsonValue::object().with({"type"}, text(type)); }

JsonValue with_words(const JsonValue& schema, std::span<const std::string_view> words) {
  if (words.empty()) return schema;
  std::vector<JsonValue> out;
  for (std::string_view word : words) out.push_back(text(word));
  return schema.with({"enum"}, JsonValue::array(out));
}

// Limits of the schema are of characters, ours of bytes: a text that the schema takes may still be too long, and none
// that we take is refused by it.
JsonValue string_schema(const FieldInfo& field) {
  JsonValue out = with_words(typed("string"), field.values());
  if (field.bytes.min != 0) out = out.with({"minLength"}, JsonValue::integer(1));
  if (field.bytes.max != SizeRange{}.max) out = out.with({"maxLength"}, whole(field.bytes.max));
  return out;
}

JsonValue integer_schema(const FieldInfo& field) {
  return typed("integer")
      .with({"minimum"}, JsonValue::integer(field.integers.min))
      .with({"maximum"}, JsonValue::integer(field.integers.max));
}

JsonValue either(const JsonValue& a, const JsonValue& b) {
  const JsonValue both[] = {a, b};
  return JsonValue::object().with({"anyOf"}, JsonValue::array(both));
}

JsonValue list_of(const JsonValue& element, SizeRange sizes) {
  JsonValue out = typed("array").with({"items"}, element);
  if (sizes.min != 0) out = out.with({"minItems"}, whole(sizes.min));
  if (sizes.max != SizeRange{}.max) out = out.with({"maxItems"}, whole(sizes.max));
  return out;
}

JsonValue object_schema(std::span<const FieldInfo> rows) {
  JsonValue out = typed("object");
  if (rows.empty()) return out;
  std::vector<JsonValue> required;
  JsonValue properties = JsonValue::object();
  for (const FieldInfo& row : rows) {
    properties = properties.with({row.name}, field_schema(row));
    if (row.is_required && row.with_field.empty()) required.push_back(text(row.name));
  }
  out = out.with({"properties"}, properties).with({"additionalProperties"}, JsonValue::boolean(false));
  return required.empty() ? out : out.with({"required"}, JsonValue::array(required));
}

JsonValue element_schema(const FieldInfo& field) {
  switch (field.type) {
    case FieldType::kString:
      return string_schema(field);
    case FieldType::kInteger:
      return integer_schema(field);
    case FieldType::kNumber:
      return typed("number")
          .with({"minimum"}, JsonValue::number(field.least))
          .with({"maximum"}, JsonValue::number(field.most));
    case FieldType::kBoolean:
      return typed("boolean");
    case FieldType::kDuration:
      return typed("string").with({"pattern"}, text(kDurationPattern));
    case FieldType::kObject:
      return object_schema(field.fields());
    case FieldType::kWordOrList:
      return either(with_words(typed("string"), field.values()), list_of(typed("string"), {}));
    case FieldType::kIntegerOrString:
      return either(integer_schema(field), typed("string"));
    case FieldType::kAny:
      return JsonValue::object();
  }
  return JsonValue::object();
}

JsonValue shaped(const FieldInfo& field) {
  JsonValue element = element_schema(field);
  if (field.shape == FieldShape::kList) return list_of(element, field.elements);
  if (field.shape == FieldShape::kMap) return typed("object").with({"additionalProperties"}, element);
  return element;
}

// As the value itself: 1, true, "5s".
JsonValue default_value(const FieldInfo& field) {
  bool is_text = field.type == FieldType::kString || field.type == FieldType::kDuration;
  Result<JsonValue> parsed = JsonValue::parse(field.fallback);
  if (!is_text && parsed) return *parsed;
  return text(field.fallback == "\"\"" ? std::string_view() : field.fallback);
}

std::string description(const FieldInfo& field) {
  std::string out(field.what);
  if (field.type == FieldType::kDuration) out.append(str_cat(" ", limits_text(field), "."));
  if (!field.with_field.empty()) out.append(str_cat(" With ", field.with_field, ": ", field.with_value, "."));
  return out;
}

// apiVersion and kind are those of the kind.
JsonValue with_names(const JsonValue& schema, Kind kind) {
  const std::string_view names[] = {info(kind).name};
  const std::string_view versions[] = {info(kind).api_version};
  JsonValue result = schema.with({"properties", "kind"}, with_words(typed("string"), names));
  bool has_older = accepts_api_version(info(kind), "gateway.networking.k8s.io/v1alpha2");
  if (has_older) return result;  // several versions say the same: the field stays a plain text
  return result.with({"properties", "apiVersion"}, with_words(typed("string"), versions));
}

JsonValue plain_schema(Kind kind) {
  std::vector<FieldInfo> rows = resource_fields(kind);
  return with_names(object_schema(rows), kind)
      .with({"title"}, text(info(kind).name))
      .with({"description"}, text(kind_summary(kind)));
}
}  // namespace

JsonValue field_schema(const FieldInfo& field) {
  JsonValue out = shaped(field).with({"description"}, text(description(field)));
  if (!field.fallback.empty()) out = out.with({"default"}, default_value(field));
  return out;
}

JsonValue json_schema(Kind kind) { return plain_schema(kind).with({"$schema"}, text(kDialect)); }

JsonValue json_schema_of_all() {
  std::vector<JsonValue> branches;
  for (const KindInfo& kind : all_kinds()) {
    if (!kind.supported) continue;
    JsonValue branch = JsonValue::object()
                           .with({"if", "properties", "kind", "const"}, text(kind.name))
                           .with({"then"}, plain_schema(kind.kind));
    branches.push_back(branch);
  }
  std::vector<JsonValue> names;
  for (const KindInfo& kind : all_kinds()) {
    if (kind.supported) names.push_back(text(kind.name));
  }
  const JsonValue required[] = {text("apiVersion"), text("kind")};
  return typed("object")
      .with({"$schema"}, text(kDialect))
      .with({"title"}, text("Resource of Heddle"))
      .with({"required"}, JsonValue::array(required))
      .with({"properties", "kind", "enum"}, JsonValue::array(names))
      .with({"allOf"}, JsonValue::array(branches));
}
}  // namespace heddle
