// The field table: every field that an author may write, of every kind. The source of JSON Schemas, of
// `heddle explain-field` and of generated documents. Constants.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/api/resource.h"
#include "lib/config/field_info.h"

namespace heddle {
// apiVersion, kind, metadata, spec, status. The row `spec` has the fields of the kind.
std::vector<FieldInfo> resource_fields(Kind);
std::span<const FieldInfo> spec_fields(Kind);  // empty for kinds that are not supported
std::string_view kind_summary(Kind) noexcept;  // one sentence

// By "spec.rules.matches"; "[]" and "[0]" behind a list are taken, too. kNotFound names the part that is unknown, and
// the nearest there is.
Result<FieldInfo> find_field(Kind, std::string_view path);

// "list of object", "duration", "map of string"
std::string type_text(const FieldInfo&);
// "1-63 bytes, 1-64 elements"; empty: none.
std::string limits_text(const FieldInfo&);
}  // namespace heddle
