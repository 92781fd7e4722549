// Regex: a regular expression of a route, compiled when the route is parsed and shared by all that hold the route.
// RE2 syntax (linear time, no back references), UTF-8, case counts unless it begins with (?i), '.' is no line break.
// The WHOLE text must match, as with the other implementations of the Gateway API: "a" is not found in "ab".
// Immutable. Asking allocates nothing, takes RE2's shared lock and may add states to the expression's own automaton,
// which is emptied when it reaches its share of kMaxRegexMemory; texts that empty it over and over are matched by RE2's
// slower automaton, which takes memory for the time of the call.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace re2 {
class RE2;
}

namespace heddle {
inline constexpr size_t kMaxRegexProgram = 2000;      // RE2 instructions, of which each character is about one
inline constexpr size_t kMaxRegexMemory = 2 << 20;    // bytes of one expression, program and automaton
inline constexpr size_t kMaxRegexSubject = 8 * 1024;  // bytes; a longer text matches no expression

class Regex {
 public:
  Regex() = default;  // none: matches nothing
  // kConfigInvalid, with RE2's words, when it is no expression or too large.
  static Result<Regex> compile(std::string_view pattern);
  explicit operator bool() const noexcept { return compiled_ != nullptr; }
  bool matches(std::string_view text) const noexcept;
  bool operator==(const Regex& other) const noexcept;  // the same pattern

 private:
  explicit Regex(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const re2::RE2> compiled_;
};
}  // namespace heddle
