// The difference of two texts line by line: the least number of lines removed and added (E. Myers, "An O(ND) difference
// algorithm", 1986), and the unified form that diff(1) and kubectl print. Pure. Bounded: texts that differ by more than
// kMaxLineEdits lines are shown as all old lines between their common ends and then all new ones, which is right, but
// not the shortest.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace heddle {
inline constexpr size_t kMaxLineEdits = 1000;
inline constexpr size_t kDiffContext = 3;  // lines around a change

enum class DiffSide : uint8_t { kBoth, kBefore, kAfter };
struct DiffLine {
  DiffSide side = DiffSide::kBoth;
  std::string_view text;  // without '\n'; of the text that was handed in
  bool operator==(const DiffLine&) const = default;
};

// Every line of both, in order; of a change first what is removed. A '\n' at the end begins no line.
std::vector<DiffLine> diff_lines(std::string_view before, std::string_view after);

// "@@ -1,3 +1,4 @@" and lines that begin with ' ', '-' or '+'; each ends in '\n'. Empty when nothing differs.
std::string unified_diff(std::string_view before, std::string_view after);
}  // namespace heddle
