#include "lib/base/line_diff.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "lib/base/strings.h"

namespace heddle {
namespace {
using Lines = std::vector<std::string_view>;
using Numbers = std::vector<size_t>;  // equal lines have equal numbers

Lines lines_of(std::string_view text) {
  if (text.empty()) return {};
  if (text.ends_with('\n')) text.remove_suffix(1);
  return split(text, '\n');
}

// How far down each diagonal k = x - y one comes with d edits. Row d holds k = -d, -d+2, ..., d.
class Furthest {
 public:
  Furthest(const Numbers& before, const Numbers& after) : before_(before), after_(after) {}

  // The number of edits; nothing: more than the limit.
  std::optional<size_t> search() {
    for (size_t d = 0; d <= kMaxLineEdits; ++d) {
      rows_.emplace_back(d + 1);
      for (size_t i = 0; i <= d; ++i) {
        size_t x = start(d, i);
        size_t y = y_of(d, i, x);
        while (x < before_.size() && y < after_.size() && before_[x] == after_[y]) ++x, ++y;
        rows_[d][i] = x;
        if (x >= before_.size() && y >= after_.size()) return d;
      }
    }
    return std::nullopt;
  }

  // The way back from the end, last line first.
  std::vector<DiffSide> path(size_t d) const {
    std::vector<DiffSide> out;
    size_t x = before_.size();
    size_t i = (before_.size() + d - after_.size()) / 2;  // k = x - y = 2i - d
    for (;; --d) {
      for (size_t from = start(d, i); x > from; --x) out.push_back(DiffSide::kBoth);
      if (d == 0) return out;
      bool is_added = comes_from_above(d, i);
      out.push_back(is_added ? DiffSide::kAfter : DiffSide::kBefore);
      if (!is_added) --x, --i;
    }
  }

 private:
  // Whether the d-th edit adds a line: then it comes from diagonal k + 1, place i of the row before; else it removes
  // one and comes from k - 1, place i - 1.
  bool comes_from_above(size_t d, size_t i) const {
    return i == 0 || (i != d && rows_[d - 1][i - 1] < rows_[d - 1][i]);
  }
  size_t start(size_t d, size_t i) const {
    if (d == 0) return 0;
    return comes_from_above(d, i) ? rows_[d - 1][i] : rows_[d - 1][i - 1] + 1;
  }
  static size_t y_of(size_t d, size_t i, size_t x) { return x + d - 2 * i; }

  const Numbers& before_;
  const Numbers& after_;
  std::vector<std::vector<size_t>> rows_;
};

// Of what lies between the common ends.
std::vector<DiffSide> sides_of(const Numbers& before, const Numbers& after) {
  Furthest search(before, after);
  std::vector<DiffSide> out;
  if (std::optional<size_t> edits = search.search()) {
    out = search.path(*edits);
    std::reverse(out.begin(), out.end());
  } else {
    out.assign(before.size(), DiffSide::kBefore);
    out.insert(out.end(), after.size(), DiffSide::kAfter);
  }
  return out;
}

// Of each change what is removed comes first.
void sort_changes(std::vector<DiffLine>& lines) {
  auto is_change = [](const DiffLine& line) { return line.side != DiffSide::kBoth; };
  for (auto at = lines.begin(); at != lines.end();) {
    auto first = std::find_if(at, lines.end(), is_change);
    at = std::find_if_not(first, lines.end(), is_change);
    std::stable_partition(first, at, [](const DiffLine& line) { return line.side == DiffSide::kBefore; });
  }
}

struct Span {
  size_t begin;
  size_t end;
};
// The changes with their context; what would overlap is one.
std::vector<Span> hunks_of(const std::vector<DiffLine>& lines) {
  std::vector<Span> out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].side == DiffSide::kBoth) continue;
    size_t begin = i < kDiffContext ? 0 : i - kDiffContext;
    size_t end = std::min(lines.size(), i + kDiffContext + 1);
    if (!out.empty() && begin <= out.back().end) {
      out.back().end = end;
    } else {
      out.push_back({begin, end});
    }
  }
  return out;
}

// "3,4", as diff(1): the line before an empty span.
std::string range_text(size_t first, size_t count) {
  std::string at = std::to_string(count == 0 ? first : first + 1);
  return count == 1 ? at : str_cat(at, ",", std::to_string(count));
}

size_t count_of(const std::vector<DiffLine>& lines, Span span, DiffSide side) {
  auto has = [side](const DiffLine& line) { return line.side == side || line.side == DiffSide::kBoth; };
  auto at = [&](size_t i) { return lines.begin() + static_cast<std::ptrdiff_t>(i); };
  return static_cast<size_t>(std::count_if(at(span.begin), at(span.end), has));
}

Numbers numbered(const Lines& lines, Span span, std::unordered_map<std::string_view, size_t>& known) {
  Numbers out;
  for (size_t i = span.begin; i < span.end; ++i) out.push_back(known.emplace(lines[i], known.size()).first->second);
  return out;
}
}  // namespace

std::vector<DiffLine> diff_lines(std::string_view before, std::string_view after) {
  Lines a = lines_of(before);
  Lines b = lines_of(after);
  size_t least = std::min(a.size(), b.size());
  size_t head = 0;
  while (head < least && a[head] == b[head]) ++head;
  size_t tail = 0;
  while (tail < least - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;

  std::unordered_map<std::string_view, size_t> known;
  Numbers old_numbers = numbered(a, {head, a.size() - tail}, known);
  Numbers new_numbers = numbered(b, {head, b.size() - tail}, known);
  std::vector<DiffLine> out;
  size_t x = 0;
  size_t y = 0;
  auto take = [&](DiffSide side) {
    out.push_back({side, side == DiffSide::kAfter ? b[y] : a[x]});
    if (side != DiffSide::kAfter) ++x;
    if (side != DiffSide::kBefore) ++y;
  };
  for (size_t i = 0; i < head; ++i) take(DiffSide::kBoth);
  for (DiffSide side : sides_of(old_numbers, new_numbers)) take(side);
  for (size_t i = 0; i < tail; ++i) take(DiffSide::kBoth);
  sort_changes(out);
  return out;
}

std::string unified_diff(std::string_view before, std::string_view after) {
  constexpr char kMarks[] = {' ', '-', '+'};
  std::vector<DiffLine> lines = diff_lines(before, after);
  std::string out;
  for (Span hunk : hunks_of(lines)) {
    std::string old_range =
        range_text(count_of(lines, {0, hunk.begin}, DiffSide::kBefore), count_of(lines, hunk, DiffSide::kBefore));
    std::string new_range =
        range_text(count_of(lines, {0, hunk.begin}, DiffSide::kAfter), count_of(lines, hunk, DiffSide::kAfter));
    out.append(str_cat("@@ -", old_range, " +", new_range, " @@\n"));
    for (size_t i = hunk.begin; i < hunk.end; ++i) {
      out.push_back(kMarks[static_cast<size_t>(lines[i].side)]);
      out.append(lines[i].text).push_back('\n');
    }
  }
  return out;
}
}  // namespace heddle
