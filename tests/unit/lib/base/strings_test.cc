#include "lib/base/strings.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
WallTime at(int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }

TEST(Strings, ComparesWithoutCaseOverAsciiOnly) {
  EXPECT_TRUE(equals_ignore_case("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(equals_ignore_case("a", "ab"));
  EXPECT_FALSE(equals_ignore_case("@", "`"));
  EXPECT_EQ(to_lower("AbZ[\xC4"), "abz[\xC4");
}

TEST(Strings, TrimsSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim("\na\r"), "\na\r");
  EXPECT_EQ(trim(" \t "), "");
}

TEST(Strings, SplitsAndKeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(split(",", ','), (std::vector<std::string_view>{"", ""}));
}

TEST(Strings, JoinsAndKeepsEmptyParts) {
  EXPECT_EQ(join({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(join({"", "a", ""}, ","), ",a,");
  EXPECT_EQ(join({}, ","), "");
}

TEST(ParseInt, WantsTheWholeText) {
  EXPECT_EQ(parse_int<uint16_t>("65535"), 65535);
  EXPECT_EQ(parse_int<uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(parse_int<int>("-7"), -7);
  EXPECT_EQ(parse_int<unsigned>("-7"), std::nullopt);
  EXPECT_EQ(parse_int<int>("+7"), std::nullopt);
  EXPECT_EQ(parse_int<int>(" 7"), std::nullopt);
  EXPECT_EQ(parse_int<int>("7 "), std::nullopt);
  EXPECT_EQ(parse_int<int>("0x7"), std::nullopt);
  EXPECT_EQ(parse_int<int>(""), std::nullopt);
}

TEST(ParseDuration, ReadsGatewayApiDurations) {
  EXPECT_EQ(*parse_duration("0s"), 0s);
  EXPECT_EQ(*parse_duration("250ms"), 250ms);
  EXPECT_EQ(*parse_duration("5m"), 5min);
  EXPECT_EQ(*parse_duration("1h2m3s4ms"), 1h + 2min + 3s + 4ms);
  EXPECT_EQ(*parse_duration("99999h99999h99999h99999h"), 4 * 99999 * Duration(1h));
}

TEST(ParseDuration, RefusesWhatTheGrammarDoesNotHave) {
  for (std::string_view text :
       {"", "5", "s", "-5s", "+5s", "1.5s", "5 s", " 5s", "5S", "5us", "5d", "100000s", "1s1s1s1s1s", "5s ", "5sm"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(ParseDuration, NamesTheTextAndWhatWasExpected) {
  auto result = parse_duration("5 apples");

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::kConfigInvalid);
  EXPECT_NE(result.error().detail.find("\"5 apples\" is not a duration"), std::string::npos);
}

TEST(FormatDuration, WritesTheLargestUnitsFirst) {
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(1h + 1ms), "1h1ms");
  EXPECT_EQ(format_duration(-1s), "0s");
}

TEST(FormatTime, WritesRfc3339WithMilliseconds) {
  EXPECT_EQ(format_time(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(at(1'709'210'096'789)), "2024-02-29T12:34:56.789Z");
}

TEST(FormatTime, WritesTimesBeforeTheEpoch) { EXPECT_EQ(format_time(at(-1)), "1969-12-31T23:59:59.999Z"); }

TEST(ParseTime, ReadsWhatFormatTimeWrote) {
  for (int64_t ms : {int64_t{0}, int64_t{1'709'210'096'789}, int64_t{-1}, int64_t{-2'000'000'000'001}}) {
    EXPECT_EQ(*parse_time(format_time(at(ms))), at(ms)) << ms;
  }
}

TEST(ParseTime, ReadsTimesWithoutAFraction) { EXPECT_EQ(*parse_time("2024-02-29T12:34:56Z"), at(1'709'210'096'000)); }

TEST(ParseTime, ReadsAFractionAsPartOfASecond) {
  EXPECT_EQ(*parse_time("1970-01-01T00:00:00.7Z"), at(700));
  EXPECT_EQ(*parse_time("1970-01-01T00:00:00.07Z"), at(70));
  EXPECT_EQ(*parse_time("1970-01-01T00:00:00.123456789Z"), WallTime(Duration(123'456'789)));
}

TEST(ParseTime, RefusesTimesThatDoNotExist) {
  for (std::string_view text : {"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
                                "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
                                "2026-01-01T00:00:60Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(ParseTime, RefusesOtherForms) {
  for (std::string_view text :
       {"", "2026-01-01", "2026-1-1T0:0:0Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00Zx", " 2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.-1Z", "+026-01-01T00:00:00Z", "2026- 1-01T00:00:00Z", "2026-01-01T00:00:00z"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

// Nanoseconds in 64 bits reach from 1677 to 2262.
TEST(ParseTime, RefusesYearsThatDoNotFit) {
  EXPECT_FALSE(parse_time("1677-12-31T00:00:00Z"));
  EXPECT_TRUE(parse_time("1678-01-01T00:00:00Z"));
  EXPECT_TRUE(parse_time("2261-12-31T23:59:59.999999999Z"));
  EXPECT_FALSE(parse_time("2262-01-01T00:00:00Z"));
}

TEST(Quoted, EscapesWhatIsNotPrintableAscii) {
  EXPECT_EQ(in_quotes("a b"), "\"a b\"");
  EXPECT_EQ(in_quotes("a\"\\\n\x7f\xff"), "\"a\\x22\\x5c\\x0a\\x7f\\xff\"");
  EXPECT_EQ(in_quotes(""), "\"\"");
}

TEST(StrCat, TakesAnyText) { EXPECT_EQ(str_cat("a", std::string("b"), std::string_view("c")), "abc"); }
}  // namespace
}  // namespace heddle
