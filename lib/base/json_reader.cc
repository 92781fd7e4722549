#include "lib/base/json_reader.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
JsonReader::JsonReader(JsonValue value, std::string path, Problems& problems)
    : value_(std::move(value)), path_(std::move(path)), problems_(&problems) {}

void JsonReader::problem(std::string message) const { problems_->add(path_, std::move(message)); }
void JsonReader::unsupported(std::string message) const { problems_->add_unsupported(path_, std::move(message)); }
void JsonReader::expected(std::string_view what) const {
  problem(str_cat("expected ", what, ", got ", value_.type_name()));
}

std::optional<std::string_view> JsonReader::string(SizeRange range) const {
  std::optional<std::string_view> text = value_.as_string();
  if (!text) {
    expected("a string");
  } else if (text->empty() && range.min > 0) {
    problem("must not be empty");
    return std::nullopt;
  } else if (text->size() < range.min || text->size() > range.max) {
    problem(str_cat("expected ", std::to_string(range.min), " to ", std::to_string(range.max), " bytes, got ",
                    std::to_string(text->size())));
    return std::nullopt;
  }
  return text;
}

std::optional<int64_t> JsonReader::integer(IntRange range) const {
  bool is_integer = value_.type() == JsonValue::Type::kInteger;
  if (!is_integer) {
    expected("an integer");
    return std::nullopt;
  }
  std::optional<int64_t> number = value_.as_integer();
  if (number && *number >= range.min && *number <= range.max) return number;
  problem(
      str_cat(value_.compact(), " is out of range (", std::to_string(range.min), "-", std::to_string(range.max), ")"));
  return std::nullopt;
}

std::optional<double> JsonReader::number() const {
  std::optional<double> number = value_.as_number();
  if (!number) expected("a number");
  return number;
}

std::optional<bool> JsonReader::boolean() const {
  std::optional<bool> truth = value_.as_bool();
  if (!truth) expected("true or false");
  return truth;
}

std::optional<Duration> JsonReader::duration(DurationRange range) const {
  std::optional<std::string_view> text = value_.as_string();
  if (!text) {
    expected("a duration such as \"250ms\"");
    return std::nullopt;
  }
  Result<Duration> parsed = parse_duration(*text);
  if (!parsed) {
    problem(parsed.error().detail);
    return std::nullopt;
  }
  if (*parsed >= range.min && *parsed <= range.max) return *parsed;
  problem(str_cat(*text, " is out of range (", format_duration(range.min), "-", format_duration(range.max), ")"));
  return std::nullopt;
}

JsonObject JsonReader::object() const { return JsonObject(*this); }

std::vector<JsonReader> JsonReader::array(SizeRange range) const {
  std::vector<JsonReader> out;
  if (!value_.is_array()) {
    expected("an array");
    return out;
  }
  if (value_.size() < range.min) problem(str_cat("needs at least ", std::to_string(range.min), " element"));
  if (value_.size() > range.max) {
    problem(str_cat("has ", std::to_string(value_.size()), " elements; at most ", std::to_string(range.max),
                    " are allowed"));
    return out;
  }
  out.reserve(value_.size());
  for (size_t i = 0; i < value_.size(); ++i) {
    out.emplace_back(value_.at(i), str_cat(path_, "[", std::to_string(i), "]"), *problems_);
  }
  return out;
}

JsonObject::JsonObject(const JsonReader& at) : at_(at), readable_(at.value().is_object()) {
  if (!readable_) at_.problem(str_cat("expected an object, got ", at.value().type_name()));
}

std::string JsonObject::path_of(std::string_view field) const {
  if (path().empty() || field.empty()) return str_cat(path(), field);
  return str_cat(path(), ".", field);
}

void JsonObject::problem(std::string_view field, std::string message) const {
  at_.at_field(path_of(field)).problem(std::move(message));
}

void JsonObject::unsupported(std::string_view field, std::string message) const {
  at_.at_field(path_of(field)).unsupported(std::move(message));
}

std::optional<JsonReader> JsonObject::optional(std::string_view field) {
  if (at_.observer() != nullptr) at_.observer()->asked(path_of(field));
  return member(field);
}

std::optional<JsonReader> JsonObject::member(std::string_view field) {
  asked_.push_back(field);
  std::optional<JsonValue> member = at_.value().find(field);
  if (!member) return std::nullopt;
  return at_.at_field(path_of(field), *member);
}

std::optional<JsonReader> JsonObject::required(std::string_view field) {
  std::optional<JsonReader> reader = optional(field);
  if (!reader && readable_) problem(field, "is required");
  return reader;
}

std::optional<std::string> JsonObject::optional_string(std::string_view field, SizeRange range) {
  std::optional<JsonReader> reader = optional(field);
  std::optional<std::string_view> text = reader ? reader->string(range) : std::nullopt;
  if (!text) return std::nullopt;
  return std::string(*text);
}

std::optional<int64_t> JsonObject::optional_integer(std::string_view field, IntRange range) {
  std::optional<JsonReader> reader = optional(field);
  return reader ? reader->integer(range) : std::nullopt;
}

std::optional<double> JsonObject::optional_number(std::string_view field) {
  std::optional<JsonReader> reader = optional(field);
  return reader ? reader->number() : std::nullopt;
}

std::optional<bool> JsonObject::optional_boolean(std::string_view field) {
  std::optional<JsonReader> reader = optional(field);
  return reader ? reader->boolean() : std::nullopt;
}

std::optional<Duration> JsonObject::optional_duration(std::string_view field, DurationRange range) {
  std::optional<JsonReader> reader = optional(field);
  return reader ? reader->duration(range) : std::nullopt;
}

std::optional<JsonObject> JsonObject::optional_object(std::string_view field) {
  std::optional<JsonReader> reader = optional(field);
  if (!reader) return std::nullopt;
  return reader->object();
}

std::vector<JsonReader> JsonObject::optional_array(std::string_view field, SizeRange range) {
  std::optional<JsonReader> reader = optional(field);
  return reader ? reader->array(range) : std::vector<JsonReader>();
}

std::string JsonObject::string(std::string_view field, SizeRange range) {
  std::optional<JsonReader> reader = required(field);
  std::optional<std::string_view> text = reader ? reader->string(range) : std::nullopt;
  return std::string(text.value_or(""));
}

int64_t JsonObject::integer(std::string_view field, IntRange range) {
  std::optional<JsonReader> reader = required(field);
  std::optional<int64_t> number = reader ? reader->integer(range) : std::nullopt;
  return number.value_or(0);
}

bool JsonObject::boolean(std::string_view field) {
  std::optional<JsonReader> reader = required(field);
  std::optional<bool> truth = reader ? reader->boolean() : std::nullopt;
  return truth.value_or(false);
}

Duration JsonObject::duration(std::string_view field, DurationRange range) {
  std::optional<JsonReader> reader = required(field);
  std::optional<Duration> time = reader ? reader->duration(range) : std::nullopt;
  return time.value_or(Duration(0));
}

JsonObject JsonObject::object(std::string_view field) {
  std::optional<JsonReader> reader = required(field);
  if (reader) return reader->object();
  return JsonObject(at_.at_field(path_of(field)), Quiet{});
}

std::vector<JsonReader> JsonObject::array(std::string_view field, SizeRange range) {
  std::optional<JsonReader> reader = required(field);
  return reader ? reader->array(range) : std::vector<JsonReader>();
}

void JsonObject::refuse(std::string_view field, std::string_view why) {
  std::optional<JsonReader> reader = member(field);  // known, but not to be had: no field of ours
  if (reader) reader->unsupported(std::string(why));
}

void JsonObject::finish() {
  for (std::string_view key : at_.value().keys()) {
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    std::string_view near = closest_name(key, asked_);
    problem(key, near.empty() ? std::string("unknown field")
                              : str_cat("unknown field; did you mean ", in_quotes(near), "?"));
  }
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (to_lower(a[i - 1]) == to_lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string_view closest_name(std::string_view name, std::span<const std::string_view> known) {
  constexpr size_t kMaxNameBytes = 64;  // nobody mistypes more; keeps the cost of hostile input small
  std::string_view best;
  size_t best_distance = 3;
  if (name.size() > kMaxNameBytes) return best;
  for (std::string_view candidate : known) {
    size_t distance = edit_distance(name, candidate);
    if (distance >= best_distance || distance >= candidate.size()) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}
}  // namespace heddle
