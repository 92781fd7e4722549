// What a match asks beside the path: method, headers, query parameters. Pure, allocation-free.
#pragma once
#include "lib/config/model.h"
#include "lib/routing/request_facts.h"

namespace heddle {
enum class Mismatch : uint8_t { kNone, kMethod, kHeader, kQuery };
std::string_view to_text(Mismatch) noexcept;

// The first condition that the request does not meet, in the order of the enumerators.
Mismatch check_match(const MatchConditions&, const RequestFacts&) noexcept;

// The raw value of a parameter; of equal names the first counts. Names and values are compared percent-decoded, '+' is
// a space.
std::optional<std::string_view> query_parameter(std::string_view query, std::string_view name) noexcept;
bool equals_decoded(std::string_view raw, std::string_view decoded) noexcept;
}  // namespace heddle
