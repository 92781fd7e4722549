// FieldInfo: what one field of a resource is, as a row of a table: type, limits, default, meaning. Rows are written
// with the functions below, as the parsers read: text("zone", "...", {1, 63}). All constants; nothing here is code that
// judges a resource (parse.h). Editors, `heddle explain-field` and generated schemas go by these rows, and a test holds
// them to what the parsers do.
#pragma once
#include <limits>
#include <span>
#include <string_view>

#include "lib/base/json_reader.h"

namespace heddle {
enum class FieldType : uint8_t {
  kString,
  kInteger,
  kNumber,
  kBoolean,
  kDuration,         // "250ms", "1m30s"
  kObject,           // with `fields`; without any, one whose members are nobody's business here
  kWordOrList,       // one of `values`, or a list of strings
  kIntegerOrString,  // 200, or "200-299"
  kAny,
};
enum class FieldShape : uint8_t { kOne, kList, kMap };

struct FieldInfo {
  std::string_view name{};
  FieldType type = FieldType::kAny;  // of an element, of a list or a map
  std::string_view what{};           // one sentence
  FieldShape shape = FieldShape::kOne;
  bool is_required = false;  // where its object is given
  SizeRange elements{};      // of a list
  SizeRange bytes{};         // of a string
  IntRange integers{};
  DurationRange durations{};
  double least = -std::numeric_limits<double>::infinity();  // of a number
  double most = std::numeric_limits<double>::infinity();
  std::string_view fallback{};  // what it is when it is left out; empty: nothing, or said by `what`
  const std::string_view* first_value = nullptr;
  size_t value_count = 0;
  const FieldInfo* first_field = nullptr;
  size_t field_count = 0;
  // It may stand only where the field beside it has that value (of several, the first).
  std::string_view with_field{};
  std::string_view with_value{};

  constexpr std::span<const std::string_view> values() const { return {first_value, value_count}; }
  constexpr std::span<const FieldInfo> fields() const { return {first_field, field_count}; }

  constexpr FieldInfo required() const {
    FieldInfo out = *this;
    out.is_required = true;
    return out;
  }
  constexpr FieldInfo by_default(std::string_view value) const {
    FieldInfo out = *this;
    out.fallback = value;
    return out;
  }
  constexpr FieldInfo list(SizeRange sizes = {}) const {
    FieldInfo out = *this;
    out.shape = FieldShape::kList;
    out.elements = sizes;
    return out;
  }
  constexpr FieldInfo one_of(std::span<const std::string_view> words) const {
    FieldInfo out = *this;
    out.first_value = words.data();
    out.value_count = words.size();
    return out;
  }
  constexpr FieldInfo only_with(std::string_view field, std::string_view value) const {
    FieldInfo out = *this;
    out.with_field = field;
    out.with_value = value;
    return out;
  }
};

namespace fields {
constexpr FieldInfo text(std::string_view name, std::string_view what, SizeRange bytes = {}) {
  return {.name = name, .type = FieldType::kString, .what = what, .bytes = bytes};
}
constexpr FieldInfo integer(std::string_view name, std::string_view what, IntRange range) {
  return {.name = name, .type = FieldType::kInteger, .what = what, .integers = range};
}
constexpr FieldInfo number(std::string_view name, std::string_view what, double least, double most) {
  return {.name = name, .type = FieldType::kNumber, .what = what, .least = least, .most = most};
}
constexpr FieldInfo boolean(std::string_view name, std::string_view what) {
  return {.name = name, .type = FieldType::kBoolean, .what = what};
}
constexpr FieldInfo duration(std::string_view name, std::string_view what, DurationRange range = {}) {
  return {.name = name, .type = FieldType::kDuration, .what = what, .durations = range};
}
constexpr FieldInfo word(std::string_view name, std::string_view what, std::span<const std::string_view> words) {
  return FieldInfo{.name = name, .type = FieldType::kString, .what = what}.one_of(words);
}
constexpr FieldInfo object(std::string_view name, std::string_view what, std::span<const FieldInfo> rows) {
  return {
      .name = name, .type = FieldType::kObject, .what = what, .first_field = rows.data(), .field_count = rows.size()};
}
constexpr FieldInfo open_object(std::string_view name, std::string_view what) {
  return {.name = name, .type = FieldType::kObject, .what = what};
}
// Names to strings.
constexpr FieldInfo map(std::string_view name, std::string_view what, SizeRange bytes = {}) {
  return {.name = name, .type = FieldType::kString, .what = what, .shape = FieldShape::kMap, .bytes = bytes};
}
constexpr FieldInfo any(std::string_view name, std::string_view what) {
  return {.name = name, .type = FieldType::kAny, .what = what};
}
}  // namespace fields
}  // namespace heddle
