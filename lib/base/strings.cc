#include "lib/base/strings.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace heddle {
namespace {
struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr Unit kUnits[] = {{"h", 3'600'000}, {"ms", 1}, {"m", 60'000}, {"s", 1000}};  // "ms" before "m"

const Unit* unit_at(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.name)) return &unit;
  }
  return nullptr;
}

// A time up to its seconds: 0 stands for a digit.
constexpr std::string_view kTimeShape = "0000-00-00T00:00:00";
// Whole years that fit into 64 bits of nanoseconds around 1970.
constexpr std::chrono::year kFirstYear{1678};
constexpr std::chrono::year kLastYear{2261};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool has_shape(std::string_view text, std::string_view shape) {
  return std::equal(text.begin(), text.end(), shape.begin(), shape.end(),
                    [](char c, char s) { return s == '0' ? is_digit(c) : c == s; });
}

// What follows the seconds: "Z", or one to nine digits as ".25Z".
std::optional<Duration> parse_fraction(std::string_view text) {
  if (text == "Z") return Duration{};
  if (text.size() < 3 || text.size() > 11 || text.front() != '.' || text.back() != 'Z') return std::nullopt;
  std::string_view digits = text.substr(1, text.size() - 2);
  if (!std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  int64_t nanoseconds = *parse_int<int64_t>(digits);
  for (size_t i = digits.size(); i < 9; ++i) nanoseconds *= 10;
  return Duration(nanoseconds);
}
}  // namespace

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = to_lower(c);
  return out;
}

bool equals_ignore_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

std::string_view trim(std::string_view text) noexcept {
  auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (size_t start = 0;;) {
    size_t end = text.find(separator, start);
    out.push_back(text.substr(start, end - start));
    if (end == std::string_view::npos) return out;
    start = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out.append(separator);
    out.append(parts[i]);
  }
  return out;
}

Result<Duration> parse_duration(std::string_view text) {
  auto bad = [&] {
    return make_error(Reason::kConfigInvalid,
                      str_cat(in_quotes(text), " is not a duration; write it as \"250ms\", \"5s\" or \"1m30s\""));
  };
  int64_t total = 0;
  int parts = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits == 0 || digits > 5 || ++parts > 4) return bad();
    const Unit* unit = unit_at(rest.substr(digits));
    if (unit == nullptr) return bad();
    total += *parse_int<int64_t>(rest.substr(0, digits)) * unit->ms;
    rest.remove_prefix(digits + unit->name.size());
  }
  if (parts == 0) return bad();
  return Duration(std::chrono::milliseconds(total));
}

std::string format_duration(Duration d) {
  int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
  if (ms <= 0) return "0s";
  std::string out;
  auto part = [&](int64_t unit, std::string_view name) {
    if (ms >= unit) out.append(std::to_string(ms / unit)).append(name);
    ms %= unit;
  };
  part(3'600'000, "h");
  part(60'000, "m");
  part(1000, "s");
  part(1, "ms");
  return out;
}

std::string format_time(WallTime t) {
  auto ms = std::chrono::floor<std::chrono::milliseconds>(t.since_epoch()).count();
  time_t seconds = static_cast<time_t>(ms / 1000 - (ms % 1000 < 0 ? 1 : 0));
  int millis = static_cast<int>(((ms % 1000) + 1000) % 1000);
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  char text[64];
  std::snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                tm.tm_hour, tm.tm_min, tm.tm_sec, millis);
  return text;
}

Result<WallTime> parse_time(std::string_view text) {
  auto bad = [&] {
    return make_error(Reason::kConfigInvalid, str_cat(in_quotes(text), " is not a time as 2026-01-31T12:34:56Z"));
  };
  if (!has_shape(text.substr(0, kTimeShape.size()), kTimeShape)) return bad();
  auto fraction = parse_fraction(text.substr(kTimeShape.size()));
  auto number = [&](size_t at, size_t digits) { return *parse_int<int>(text.substr(at, digits)); };
  std::chrono::year_month_day date{std::chrono::year(number(0, 4)), std::chrono::month(unsigned(number(5, 2))),
                                   std::chrono::day(unsigned(number(8, 2)))};
  std::chrono::hours hours(number(11, 2));
  std::chrono::minutes minutes(number(14, 2));
  std::chrono::seconds seconds(number(17, 2));
  if (!fraction || !date.ok() || hours >= 24h || minutes >= 60min || seconds >= 60s) return bad();
  if (date.year() < kFirstYear || date.year() > kLastYear) return bad();
  return WallTime(std::chrono::sys_days(date).time_since_epoch() + hours + minutes + seconds + *fraction);
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto u = static_cast<unsigned char>(c);
    if (u >= 0x20 && u < 0x7f && c != '"' && c != '\\') {
      out.push_back(c);
    } else {
      char hex[8];
      std::snprintf(hex, sizeof(hex), "\\x%02x", u);
      out.append(hex);
    }
  }
  out.push_back('"');
  return out;
}
}  // namespace heddle
