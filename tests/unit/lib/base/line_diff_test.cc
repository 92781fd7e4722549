#include "lib/base/line_diff.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
// Both texts, put together again from the difference.
std::pair<std::string, std::string> replayed(const std::vector<DiffLine>& lines) {
  std::pair<std::string, std::string> out;
  for (const DiffLine& line : lines) {
    if (line.side != DiffSide::kAfter) out.first.append(line.text).push_back('\n');
    if (line.side != DiffSide::kBefore) out.second.append(line.text).push_back('\n');
  }
  return out;
}

size_t edits(const std::vector<DiffLine>& lines) {
  size_t out = 0;
  for (const DiffLine& line : lines) out += line.side == DiffSide::kBoth ? 0 : 1;
  return out;
}

// Two lines less than both have in common: the classic table.
size_t least_edits(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> table(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = i + j;
      } else if (a[i - 1] == b[j - 1]) {
        table[i][j] = table[i - 1][j - 1];
      } else {
        table[i][j] = 1 + std::min(table[i - 1][j], table[i][j - 1]);
      }
    }
  }
  return table[a.size()][b.size()];
}

std::string as_lines(std::string_view letters) {
  std::string out;
  for (char c : letters) out.append(1, c).push_back('\n');
  return out;
}

TEST(LineDiff, EqualTextsHaveNone) {
  EXPECT_EQ(unified_diff("", ""), "");
  EXPECT_EQ(unified_diff("a\nb\n", "a\nb\n"), "");
}

TEST(LineDiff, AnEmptySideIsAllAddedOrAllRemoved) {
  EXPECT_EQ(unified_diff("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(unified_diff("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
}

TEST(LineDiff, ShowsThreeLinesAroundAChange) {
  EXPECT_EQ(unified_diff(as_lines("abcdefghi"), as_lines("abcdXfghi")),
            "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+X\n f\n g\n h\n");
}

TEST(LineDiff, ChangesFarApartAreHunksOfTheirOwn) {
  std::string text = unified_diff(as_lines("abcdefghijklm"), as_lines("Xbcdefghijklm-"));

  EXPECT_EQ(text, "@@ -1,4 +1,4 @@\n-a\n+X\n b\n c\n d\n@@ -11,3 +11,4 @@\n k\n l\n m\n+-\n");
}

TEST(LineDiff, OfAChangeTheOldLinesComeFirst) {
  EXPECT_EQ(unified_diff(as_lines("ab"), as_lines("xy")), "@@ -1,2 +1,2 @@\n-a\n-b\n+x\n+y\n");
}

TEST(LineDiff, IsTheShortestOfRandomTexts) {
  SeededRandom random(7);
  for (int round = 0; round < 500; ++round) {
    std::string a;
    std::string b;
    for (size_t n = random.below(13); n > 0; --n) a.push_back(static_cast<char>('a' + random.below(4)));
    for (size_t n = random.below(13); n > 0; --n) b.push_back(static_cast<char>('a' + random.below(4)));
    std::string before = as_lines(a);
    std::string after = as_lines(b);
    std::vector<DiffLine> lines = diff_lines(before, after);
    ASSERT_EQ(replayed(lines), std::pair(before, after)) << a << " " << b;
    ASSERT_EQ(edits(lines), least_edits(a, b)) << a << " " << b;
  }
}

TEST(LineDiff, WhatDiffersAltogetherIsBoundedAndRight) {
  std::string before = "same\n";
  std::string after = "same\n";
  for (size_t i = 0; i < 3 * kMaxLineEdits; ++i) {
    before.append("old ").append(std::to_string(i)).push_back('\n');
    after.append("new ").append(std::to_string(i)).push_back('\n');
  }
  std::vector<DiffLine> lines = diff_lines(before, after);

  EXPECT_EQ(replayed(lines), std::pair(before, after));
  EXPECT_EQ(lines[0], (DiffLine{DiffSide::kBoth, "same"}));
}
}  // namespace
}  // namespace heddle
