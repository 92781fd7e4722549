// JsonValue: an immutable JSON value parsed strictly (json_scan.h) by jsoncpp, which shows nowhere else. A copy is a
// view that shares the document; it is safe to hand to another thread. No accessor throws or converts: a question
// about the wrong type is answered with nothing. Numbers written without '.' or exponent are integers.
// Reading with paths and collected problems: json_reader.h. Never used on the request path.
#pragma once
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/json_scan.h"
#include "lib/base/json_writer.h"
#include "lib/base/result.h"

namespace Json {
class Value;
}

namespace heddle {
class JsonValue {
 public:
  enum class Type : uint8_t { kNull, kBool, kInteger, kNumber, kString, kArray, kObject };
  using Path = std::initializer_list<std::string_view>;
  JsonValue();  // null
  static Result<JsonValue> parse(std::string_view text, size_t max_bytes = kMaxJsonBytes);
  static JsonValue boolean(bool);
  static JsonValue integer(int64_t);
  static JsonValue number(double);
  static JsonValue string(std::string_view);
  static JsonValue array(std::span<const JsonValue> = {});
  static JsonValue object();

  Type type() const noexcept;
  bool is_null() const noexcept { return type() == Type::kNull; }
  bool is_object() const noexcept { return type() == Type::kObject; }
  bool is_array() const noexcept { return type() == Type::kArray; }
  bool is_string() const noexcept { return type() == Type::kString; }
  std::string_view type_name() const noexcept;  // "a string", for messages

  std::optional<bool> as_bool() const;
  std::optional<int64_t> as_integer() const;  // nothing for 1.0, 1e2 and what exceeds int64
  std::optional<uint64_t> as_unsigned() const;
  std::optional<double> as_number() const;  // integers too
  // Valid as long as any view of this document lives.
  std::optional<std::string_view> as_string() const;

  size_t size() const noexcept;      // members or elements; 0 for anything else
  JsonValue at(size_t index) const;  // null when there is no such element
  std::optional<JsonValue> find(std::string_view key) const;
  std::optional<JsonValue> find(Path path) const;
  std::vector<std::string_view> keys() const;  // sorted

  // Copies with one member (objects are made on the way) set or removed. Deep: for envelopes, not for loops.
  JsonValue with(Path path, const JsonValue& value) const;
  JsonValue without(Path path) const;

  // No white space, names sorted by bytes: equal values have equal text.
  std::string compact() const;
  bool operator==(const JsonValue& other) const;

 private:
  using Node = std::shared_ptr<const Json::Value>;
  explicit JsonValue(Node node) : node_(std::move(node)) {}
  JsonValue child(const Json::Value&) const;
  Node node_;  // aliases the document's root; null stands for the JSON null
};
}  // namespace heddle
