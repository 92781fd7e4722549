// JsonReader and JsonObject: read a JsonValue into plain structs. Every getter checks type and range, knows the path of
// what it reads and reports to one Problems list; it then answers with nothing (or an empty value), so that reading
// goes on and all problems are found. JsonObject::finish() refuses the fields nobody asked for. Pure; never throws.
// Field names handed to getters must outlive the object (literals).
#pragma once
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/problems.h"

namespace heddle {
struct IntRange {
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
};
struct DurationRange {
  Duration min = Duration(0);
  Duration max = 24h;
};
struct SizeRange {  // bytes of a string, elements of an array
  size_t min = 0;
  size_t max = std::numeric_limits<size_t>::max();
};
template <class E>
struct EnumName {
  std::string_view name;
  E value;
};

class JsonObject;

// One value and its path.
class JsonReader {
 public:
  JsonReader(JsonValue value, std::string path, Problems& problems);
  const JsonValue& value() const noexcept { return value_; }
  const std::string& path() const noexcept { return path_; }
  void problem(std::string message) const;
  void unsupported(std::string message) const;
  FieldObserver* observer() const noexcept { return problems_->observer(); }

  std::optional<std::string_view> string(SizeRange = {}) const;  // the view lives as long as the document
  std::optional<int64_t> integer(IntRange = {}) const;
  std::optional<double> number() const;
  std::optional<bool> boolean() const;
  std::optional<Duration> duration(DurationRange = {}) const;  // "250ms", "1m30s"
  JsonObject object() const;
  std::vector<JsonReader> array(SizeRange = {}) const;
  // Another value that reports to the same list.
  JsonReader at_field(std::string path, JsonValue value = {}) const {
    return {std::move(value), std::move(path), *problems_};
  }

 private:
  void expected(std::string_view what) const;
  JsonValue value_;
  std::string path_;
  Problems* problems_;
};

class JsonObject {
 public:
  // A value that is no object is one problem; after that every getter answers nothing, quietly.
  explicit JsonObject(const JsonReader& at);
  const std::string& path() const noexcept { return at_.path(); }
  const JsonValue& value() const noexcept { return at_.value(); }
  bool is_object() const noexcept { return readable_; }
  std::string path_of(std::string_view field) const;
  void problem(std::string_view field, std::string message) const;
  void unsupported(std::string_view field, std::string message) const;

  // Optional fields: nothing when absent or wrong (then a problem was added). null counts as wrong.
  std::optional<JsonReader> optional(std::string_view field);
  std::optional<std::string> optional_string(std::string_view field, SizeRange = {});
  std::optional<int64_t> optional_integer(std::string_view field, IntRange = {});
  std::optional<double> optional_number(std::string_view field);
  std::optional<bool> optional_boolean(std::string_view field);
  std::optional<Duration> optional_duration(std::string_view field, DurationRange = {});
  std::optional<JsonObject> optional_object(std::string_view field);
  std::vector<JsonReader> optional_array(std::string_view field, SizeRange = {});

  // Required fields: their absence is a problem, and an empty value is answered.
  std::optional<JsonReader> required(std::string_view field);
  std::string string(std::string_view field, SizeRange = {});
  int64_t integer(std::string_view field, IntRange = {});
  bool boolean(std::string_view field);
  Duration duration(std::string_view field, DurationRange = {});
  JsonObject object(std::string_view field);
  std::vector<JsonReader> array(std::string_view field, SizeRange = {});

  template <class E, size_t N>
  std::optional<E> optional_one_of(std::string_view field, const EnumName<E> (&names)[N]) {
    std::optional<JsonReader> reader = optional(field);
    std::optional<std::string_view> text = reader ? reader->string() : std::nullopt;
    if (!text) return std::nullopt;
    std::string known;
    for (const EnumName<E>& name : names) {
      if (name.name == *text) return name.value;
      known.append(known.empty() ? "" : ", ").append(name.name);
    }
    problem(field, "expected one of " + known);
    return std::nullopt;
  }

  bool has(std::string_view field) const { return at_.value().find(field).has_value(); }
  void ignore(std::string_view field) { asked_.push_back(field); }
  // Refuses with kUnsupported, if present, a field that Heddle knows but does not do yet.
  void refuse(std::string_view field, std::string_view why);
  // Every member nobody asked for is a problem, with a hint when a known name is close.
  void finish();

 private:
  struct Quiet {};  // for a required object that is missing: reported once, then silent
  JsonObject(const JsonReader& at, Quiet) : at_(at) {}
  std::optional<JsonReader> member(std::string_view field);
  JsonReader at_;
  bool readable_ = false;
  std::vector<std::string_view> asked_;
};

// Number of single-character edits between two short names.
size_t edit_distance(std::string_view a, std::string_view b);
// The closest of `known` within two edits, empty when none is.
std::string_view closest_name(std::string_view name, std::span<const std::string_view> known);
}  // namespace heddle
