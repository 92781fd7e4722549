// Resources as tables: the columns of each kind. Reads the documents of the control plane leniently: what is missing
// or of another type is shown as <none>, because a newer control plane may say more. Pure.
#pragma once
#include <vector>

#include "cli/table.h"
#include "lib/api/resource.h"
#include "lib/base/json.h"

namespace heddle {
enum class NamespaceColumn : uint8_t { kHidden, kShown };
enum class WideColumns : uint8_t { kHidden, kShown };  // VERSION, GENERATION and LABELS, at the end

Table resource_table(Kind, const std::vector<JsonValue>& items, NamespaceColumn, WallTime now,
                     WideColumns = WideColumns::kHidden);

// A member that is text, or empty.
std::string text_at(const JsonValue&, JsonValue::Path);
// As text_at, also for numbers and truth values.
std::string scalar_at(const JsonValue&, JsonValue::Path);
// How long ago that RFC 3339 time was; empty when it is none.
std::string age_at(const JsonValue&, JsonValue::Path, WallTime now);
}  // namespace heddle
