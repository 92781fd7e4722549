// Documents written by people: YAML (1.2 core scalars: `no` and `on` are strings) or JSON, read into JsonValue.
// Refused, with line and column: duplicate keys, anchors, aliases, tags, keys that are not strings, more than 64
// levels. Several YAML documents may stand in one text; empty ones are skipped. Pure; never throws.
#pragma once
#include <string_view>
#include <vector>

#include "lib/base/json.h"

namespace heddle {
struct Document {
  JsonValue value;
  size_t line = 1;  // where it begins
};

inline constexpr size_t kMaxDocumentsBytes = 64 << 20;

// `filename` decides the form: ".json" is JSON, ".yaml" and ".yml" are YAML; for any other name (standard input) a text
// that is JSON is taken as JSON, else as YAML. The file is not opened, and its name is not in the errors.
Result<std::vector<Document>> parse_documents(std::string_view text, std::string_view filename);
}  // namespace heddle
