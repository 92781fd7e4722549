#include "lib/config/regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/allocation_counter.h"

namespace heddle {
namespace {
Regex compiled(std::string_view pattern) {
  Result<Regex> made = Regex::compile(pattern);
  EXPECT_TRUE(made) << pattern;
  return made ? *made : Regex();
}
std::string refusal(std::string_view pattern) {
  Result<Regex> made = Regex::compile(pattern);
  return made ? "" : made.error().detail;
}

TEST(Regex, TheWholeTextMustMatch) {
  Regex regex = compiled("/a[0-9]+");

  EXPECT_TRUE(regex.matches("/a1"));
  EXPECT_FALSE(regex.matches("/a1/"));
  EXPECT_FALSE(regex.matches("x/a1"));
  EXPECT_FALSE(compiled("a|ab").matches("abc"));
  EXPECT_TRUE(compiled("a|ab").matches("ab"));
}

TEST(Regex, CaseCountsUnlessTheExpressionSaysOtherwise) {
  EXPECT_FALSE(compiled("ada").matches("Ada"));
  EXPECT_TRUE(compiled("(?i)ada").matches("Ada"));
}

TEST(Regex, ADotIsOneCharacterButNoLineBreak) {
  EXPECT_TRUE(
      compiled("a.c").matches("a\xc3\xa4"
                              "c"));
  EXPECT_FALSE(compiled("a.c").matches("a\nc"));
  EXPECT_FALSE(
      compiled("a.c").matches("a\xff"
                              "c"));
}

TEST(Regex, NoneMatchesNothing) {
  EXPECT_FALSE(Regex());
  EXPECT_FALSE(Regex().matches(""));
}

TEST(Regex, IsEqualByItsPattern) {
  EXPECT_EQ(compiled("a+"), compiled("a+"));
  EXPECT_NE(compiled("a+"), compiled("a"));
  EXPECT_NE(compiled("a+"), Regex());
  EXPECT_EQ(Regex(), Regex());
}

TEST(Regex, ALongerTextThanTheLimitMatchesNothing) {
  Regex regex = compiled("a*");

  EXPECT_TRUE(regex.matches(std::string(kMaxRegexSubject, 'a')));
  EXPECT_FALSE(regex.matches(std::string(kMaxRegexSubject + 1, 'a')));
}

TEST(Regex, RefusesWhatIsNoExpressionOfRe2) {
  EXPECT_EQ(refusal("a(b"), "is no regular expression of RE2: missing ): a(b");
  EXPECT_THAT(refusal("(?<=a)b"), testing::HasSubstr("is no regular expression of RE2"));
  EXPECT_THAT(refusal("(a)\\1"), testing::HasSubstr("is no regular expression of RE2"));
  EXPECT_THAT(refusal("\xff"), testing::HasSubstr("is no regular expression of RE2"));
}

TEST(Regex, RefusesATooLargeProgram) {
  EXPECT_EQ(refusal("a{1000}"), "");
  EXPECT_THAT(refusal("a{1000}b{1000}c"), testing::HasSubstr("at most 2000 instructions"));
}

TEST(Regex, MatchingAllocatesNothingOnceItsStatesAreThere) {
  Regex regex = compiled("/users/[0-9]+/(carts|orders)(/.*)?");
  std::string path = "/users/1234567/orders/" + std::string(1000, 'x');
  ASSERT_TRUE(regex.matches(path));
  AllocationCounter counter;

  bool matched = regex.matches(path);

  EXPECT_EQ(counter.count(), 0U);
  EXPECT_TRUE(matched);
}

// A backtracking engine would need 2^64 steps.
TEST(Regex, TakesTimeThatGrowsWithTheText) {
  Regex regex = compiled("(a|aa)+$|(a+)+b");

  EXPECT_FALSE(regex.matches(std::string(kMaxRegexSubject - 1, 'a') + "c"));
}
}  // namespace
}  // namespace heddle
