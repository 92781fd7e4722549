// ContextSet: the contexts of a context file. A file holds one context, as heddle-control writes it, or several by
// name:
//   {"current": "prod", "contexts": {"prod": {...}, "staging": {...}}}
// What a context says is read by ContextFile. A value; it holds tokens and shows none.
#pragma once
#include <string>
#include <vector>

#include "lib/base/json.h"

namespace heddle {
class ContextSet {
 public:
  static constexpr size_t kMaxContexts = 64;
  ContextSet() = default;  // holds none
  static Result<ContextSet> parse(std::string_view json);

  // Empty when the file holds one context without a name.
  std::vector<std::string> names() const;
  const std::string& current() const noexcept { return current_; }
  // Empty: the current one, or the only one. kNotFound names those there are.
  Result<JsonValue> pick(std::string_view name) const;
  Result<void> use(std::string_view name);
  // Replaces one of that name. A context that had no name is called "default" from then on.
  Result<void> add(std::string_view name, const JsonValue& context);
  std::string to_json() const;  // of several

 private:
  bool single_ = false;
  std::string current_{};
  JsonValue contexts_ = JsonValue::object();  // by name; when single_: the context itself
};
}  // namespace heddle
