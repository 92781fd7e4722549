#include "cli/field_text.h"

#include "cli/table.h"
#include "lib/base/strings.h"
#include "lib/config/json_schema.h"

namespace heddle {
namespace {
std::string values_text(const FieldInfo& field) {
  std::vector<std::string> words(field.values().begin(), field.values().end());
  return join(words, ", ");
}

std::string facts_of(const FieldInfo& field) {
  std::string out = str_cat("TYPE      ", type_text(field), "\n");
  auto line = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) out.append(str_cat(name, value, "\n"));
  };
  line("REQUIRED  ", field.is_required ? "yes" : "no");
  line("DEFAULT   ", field.fallback);
  line("VALUES    ", values_text(field));
  line("LIMITS    ", limits_text(field));
  if (!field.with_field.empty()) line("WITH      ", str_cat(field.with_field, ": ", field.with_value));
  return out;
}

std::string rows_text(std::span<const FieldInfo> rows) {
  if (rows.empty()) return {};
  Table table({"FIELD", "TYPE", "REQUIRED", "DEFAULT", "LIMITS", "WHAT"});
  for (const FieldInfo& row : rows) {
    std::string limits = row.value_count != 0 ? values_text(row) : limits_text(row);
    table.add({row.name, type_text(row), row.is_required ? "yes" : "no", row.fallback.empty() ? "-" : row.fallback,
               limits.empty() ? "-" : limits, row.what});
  }
  return str_cat("\n", table.text(UseColor::kNo));
}
}  // namespace

Result<std::string> field_text(Kind kind, const std::string& path) {
  std::string_view name = info(kind).name;
  if (path.empty()) {
    std::vector<FieldInfo> rows = resource_fields(kind);
    return str_cat(name, " (", info(kind).api_version, ")\n\n", kind_summary(kind), "\n", rows_text(rows),
                   "\nThe fields of spec: heddle explain-field ", name, ".spec\n");
  }
  HEDDLE_TRY(FieldInfo field, find_field(kind, path));
  return str_cat(name, ".", path, "\n\n", field.what, "\n\n", facts_of(field), rows_text(field.fields()));
}

Result<JsonValue> field_json(Kind kind, const std::string& path) {
  JsonValue schema = json_schema(kind);
  if (!path.empty()) {
    HEDDLE_TRY(FieldInfo field, find_field(kind, path));
    schema = field_schema(field);
  }
  return JsonValue::object()
      .with({"kind"}, JsonValue::string(info(kind).name))
      .with({"path"}, JsonValue::string(path))
      .with({"schema"}, schema);
}
}  // namespace heddle
