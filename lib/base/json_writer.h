// JsonWriter: appends compact JSON to a string, in the order of the calls; used by the log, the admin pages and the
// wire. It balances nothing: the caller closes what it opens. Bytes that are not UTF-8 become U+FFFD, NaN and
// infinities become null; doubles are written shortest. Pure; allocates only what the string needs to grow.
#pragma once
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/json_escape.h"

namespace heddle {
class JsonValue;

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return shut('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return shut(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& integer(int64_t number);
  JsonWriter& unsigned_integer(uint64_t number);
  JsonWriter& number(double number);
  JsonWriter& boolean(bool truth);
  JsonWriter& null();
  // Splices text that is already valid JSON.
  JsonWriter& raw(std::string_view json);
  JsonWriter& value(const JsonValue&);

  // key() and a value in one call; picks the writer by the type of `v`.
  template <class T>
  JsonWriter& field(std::string_view name, const T& v) {
    key(name);
    return any(v);
  }
  template <class T>
  JsonWriter& any(const T& v) {
    if constexpr (std::same_as<T, bool>) {
      return boolean(v);
    } else if constexpr (std::unsigned_integral<T>) {
      return unsigned_integer(v);
    } else if constexpr (std::integral<T>) {
      return integer(v);
    } else if constexpr (std::floating_point<T>) {
      return number(v);
    } else if constexpr (std::same_as<T, JsonValue>) {
      return value(v);
    } else {
      return string(v);
    }
  }

 private:
  void before_value();
  JsonWriter& open(char);
  JsonWriter& shut(char);
  std::string& out_;
  bool comma_ = false;  // something stands before the next value or key on this level
};
}  // namespace heddle
