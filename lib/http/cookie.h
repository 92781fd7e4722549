// Cookies of requests (RFC 6265 §4.2). Pure; views of what they are given, no allocation.
#pragma once
#include <optional>
#include <string_view>

#include "lib/http/head.h"

namespace heddle {
// The value of a cookie in one line of `cookie` (RFC 6265 §4.2.1), without quotation marks removed.
std::optional<std::string_view> find_cookie(std::string_view line, std::string_view name) noexcept;
// In any line; of several of one name the first, which belongs to the longest path (RFC 6265 §5.4).
std::optional<std::string_view> find_cookie(const HeaderMap& request, std::string_view name) noexcept;
}  // namespace heddle
