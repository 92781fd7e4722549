// What the rules of `heddle check` are made of (check_rules.h): looks at answers, leniently. Pure; for their files
// only.
#pragma once
#include "cli/check_rules.h"
#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
using Findings = std::vector<Finding>;

inline void add(Findings& out, std::string_view check, Verdict verdict, std::string text, std::string hint = {}) {
  out.push_back({std::string(check), verdict, std::move(text), std::move(hint)});
}

template <class Each>
size_t each_of(const JsonValue& document, JsonValue::Path path, Each each) {
  std::optional<JsonValue> list = document.find(path);
  size_t count = list && list->is_array() ? list->size() : 0;
  for (size_t i = 0; i < count; ++i) each(list->at(i));
  return count;
}

inline int64_t count_at(const JsonValue& document, JsonValue::Path path) {
  std::optional<JsonValue> value = document.find(path);
  return value ? value->as_integer().value_or(0) : 0;
}

inline std::optional<WallTime> time_at(const JsonValue& document, JsonValue::Path path) {
  Result<WallTime> time = parse_time(text_at(document, path));
  return time ? std::optional(*time) : std::nullopt;
}

// Whole milliseconds: what is finer is noise.
inline std::string rounded(Duration time) {
  return format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(time));
}

// Connected and known ones, and the endpoints they find down.
void check_sidecars(const CheckFacts&, Findings&);
void check_backends(const CheckFacts&, Findings&);
}  // namespace heddle
