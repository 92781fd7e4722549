// Small text helpers: ASCII only, no locale. Pure.
#pragma once
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/result.h"

namespace heddle {
template <class... Parts>
std::string str_cat(const Parts&... parts) {
  std::string out;
  out.reserve((std::string_view(parts).size() + ... + 0));
  (out.append(std::string_view(parts)), ...);
  return out;
}

constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string to_lower(std::string_view);
bool equals_ignore_case(std::string_view a, std::string_view b) noexcept;
std::string_view trim(std::string_view) noexcept;                            // spaces and tabs at both ends
std::vector<std::string_view> split(std::string_view text, char separator);  // keeps empty parts
std::string join(const std::vector<std::string>& parts, std::string_view separator);

// The whole text must be the number: no sign for unsigned, no leading '+', no white space, no overflow.
template <class T>
std::optional<T> parse_int(std::string_view text) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// Gateway API durations (GEP-2257): ([0-9]{1,5}(h|m|s|ms)){1,4}, as "1m30s", "250ms", "0s".
Result<Duration> parse_duration(std::string_view);
std::string format_duration(Duration);
// RFC 3339 in UTC with milliseconds: 2026-01-31T12:34:56.789Z
std::string format_time(WallTime);
// Reads the same with a fraction of none to nine digits, from 1678 to 2261. No other zone, no leap second.
Result<WallTime> parse_time(std::string_view);
// For messages: quotes, and escapes what is not printable ASCII.
std::string in_quotes(std::string_view);
}  // namespace heddle
