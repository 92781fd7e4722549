// What a match asks beside the path: method, headers, query parameters. Pure; asking allocates nothing but for what
// lib/config/regex.h says of expressions.
#pragma once
#include <string>

#include "lib/config/model.h"
#include "lib/routing/request_facts.h"

namespace heddle {
enum class Mismatch : uint8_t { kNone, kPath, kMethod, kHeaderAbsent, kHeader, kQueryAbsent, kQuery };

// Whether a request meets a match, and the first of its conditions that it does not meet, in the order of the
// enumerators and of the author.
struct MatchVerdict {
  Mismatch mismatch = Mismatch::kNone;
  uint8_t field = 0;  // which header or query parameter of the conditions
  explicit operator bool() const noexcept { return mismatch == Mismatch::kNone; }
};
static_assert(kMaxMatchFields <= UINT8_MAX);
MatchVerdict check_match(const MatchConditions&, const RequestFacts&) noexcept;

// In words, with the names the author gave but no value of a request: "header \"x-a\" is absent". Without conditions
// only of kNone and kPath.
std::string to_text(MatchVerdict, const MatchConditions* = nullptr);

// The raw value of a parameter; of equal names the first counts. Names and values are compared percent-decoded, '+' is
// a space.
std::optional<std::string_view> query_parameter(std::string_view query, std::string_view name) noexcept;
bool equals_decoded(std::string_view raw, std::string_view decoded) noexcept;
// The decoded value is not longer than kMaxRegexSubject, and matches.
bool matches_decoded(std::string_view raw, const Regex&) noexcept;
}  // namespace heddle
