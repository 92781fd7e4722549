// Lists of numbers and ranges of them, as in --skip-outbound-ports 3306,8000-8010: ports and user ids. Pure values.
// Kept ascending, without overlaps and neighbours, because nftables refuses sets whose ranges overlap.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace heddle {
// The entries that one option of heddle-init takes; the kernel would take more, nobody who is right needs them.
inline constexpr size_t kMaxInitEntries = 256;

struct NumberRange {
  uint32_t first = 0;
  uint32_t last = 0;
  bool operator==(const NumberRange&) const = default;
};
using NumberRanges = std::vector<NumberRange>;

// `what` for the message: "--skip-uids". Both ends of a range count. An empty text is no number at all.
Result<NumberRanges> parse_number_ranges(std::string_view what, std::string_view text, NumberRange allowed);
NumberRanges merged(NumberRanges);
bool contains(const NumberRanges&, uint32_t) noexcept;
// "80,8000-8010" with the given signs between ranges and inside of one.
std::string to_text(const NumberRanges&, std::string_view between, std::string_view inside);
}  // namespace heddle
