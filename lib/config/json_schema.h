// JSON Schema (2020-12) of resources, made from the field table: for editors and CI. What one field says of another is
// in descriptions only: parse.h knows it. Pure.
#pragma once
#include "lib/base/json.h"
#include "lib/config/field_table.h"

namespace heddle {
JsonValue json_schema(Kind);
// Of every kind that is supported: a document obeys that of its `kind`.
JsonValue json_schema_of_all();
// A row alone, as a schema without "$schema".
JsonValue field_schema(const FieldInfo&);
}  // namespace heddle
