#include "k8s/init/number_ranges.h"

#include <algorithm>
#include <optional>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::optional<NumberRange> parse_range(std::string_view text, NumberRange allowed) {
  size_t dash = text.find('-');
  auto first = parse_int<uint32_t>(text.substr(0, dash));
  auto last = dash == std::string_view::npos ? first : parse_int<uint32_t>(text.substr(dash + 1));
  if (!first || !last || *first > *last || *first < allowed.first || *last > allowed.last) return std::nullopt;
  return NumberRange{*first, *last};
}
}  // namespace

Result<NumberRanges> parse_number_ranges(std::string_view what, std::string_view text, NumberRange allowed) {
  NumberRanges out;
  if (trim(text).empty()) return out;
  for (std::string_view part : split(text, ',')) {
    auto range = parse_range(trim(part), allowed);
    if (!range)
      return make_error(
          Reason::kConfigInvalid,
          str_cat(what, ": ", in_quotes(trim(part)), ": expected a number from ", std::to_string(allowed.first), " to ",
                  std::to_string(allowed.last), " or a range of them, as 8000-8010"));
    out.push_back(*range);
  }
  if (out.size() > kMaxInitEntries)
    return make_error(Reason::kConfigInvalid,
                      str_cat(what, ": ", std::to_string(out.size()), " entries: expected at most ",
                              std::to_string(kMaxInitEntries), "; ranges are one entry"));
  return merged(std::move(out));
}

NumberRanges merged(NumberRanges ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  NumberRanges out;
  for (const NumberRange& range : ranges) {
    bool joins = !out.empty() && uint64_t{range.first} <= uint64_t{out.back().last} + 1;
    if (joins)
      out.back().last = std::max(out.back().last, range.last);
    else
      out.push_back(range);
  }
  return out;
}

bool contains(const NumberRanges& ranges, uint32_t number) noexcept {
  return std::any_of(ranges.begin(), ranges.end(),
                     [number](const auto& range) { return range.first <= number && number <= range.last; });
}

std::string to_text(const NumberRanges& ranges, std::string_view between, std::string_view inside) {
  std::vector<std::string> parts;
  parts.reserve(ranges.size());
  for (const NumberRange& range : ranges) {
    std::string first = std::to_string(range.first);
    parts.push_back(range.first == range.last ? first : str_cat(first, inside, std::to_string(range.last)));
  }
  return join(parts, between);
}
}  // namespace heddle
