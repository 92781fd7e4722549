#include "lib/inject/json_patch.h"

#include "lib/base/json_writer.h"

namespace heddle {
namespace {
// RFC 6901: '~' and '/' are written as ~0 and ~1.
void append_member(std::string& path, std::string_view name) {
  path.push_back('/');
  for (char c : name) {
    if (c == '~') {
      path.append("~0");
    } else if (c == '/') {
      path.append("~1");
    } else {
      path.push_back(c);
    }
  }
}

void operation(JsonWriter& out, std::string_view word, const std::string& path, const JsonValue* value) {
  out.begin_object().field("op", word).field("path", path);
  if (value != nullptr) out.field("value", *value);
  out.end_object();
}

void compare(JsonWriter& out, std::string& path, const JsonValue& from, const JsonValue& to) {
  if (from == to) return;
  if (!from.is_object() || !to.is_object()) return operation(out, "replace", path, &to);
  size_t length = path.size();
  for (std::string_view key : from.keys()) {
    append_member(path, key);
    std::optional<JsonValue> after = to.find(key);
    if (after) {
      compare(out, path, *from.find(key), *after);
    } else {
      operation(out, "remove", path, nullptr);
    }
    path.resize(length);
  }
  for (std::string_view key : to.keys()) {
    if (from.find(key)) continue;
    append_member(path, key);
    JsonValue value = *to.find(key);
    operation(out, "add", path, &value);
    path.resize(length);
  }
}
}  // namespace

std::string json_patch(const JsonValue& from, const JsonValue& to) {
  std::string text;
  JsonWriter out(text);
  out.begin_array();
  std::string path;
  compare(out, path, from, to);
  out.end_array();
  return text;
}
}  // namespace heddle
