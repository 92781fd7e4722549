#include "k8s/init/number_ranges.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr NumberRange kPorts{1, 65535};

std::string read(std::string_view text) {
  auto ranges = parse_number_ranges("--skip-outbound-ports", text, kPorts);
  return ranges ? to_text(*ranges, ",", "-") : ranges.error().detail;
}

TEST(NumberRanges, AreNumbersAndRanges) {
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("3306"), "3306");
  EXPECT_EQ(read("8000-8010, 3306"), "3306,8000-8010");
  EXPECT_EQ(read("1-65535"), "1-65535");
}

TEST(NumberRanges, NeverOverlapBecauseNftablesRefusesThat) {
  EXPECT_EQ(read("80,80"), "80");
  EXPECT_EQ(read("80,81,82"), "80-82");
  EXPECT_EQ(read("100-200,150-300,10"), "10,100-300");
  EXPECT_EQ(read("100-300,150-200"), "100-300");
}

TEST(NumberRanges, RefuseWhatIsNoPortAndSayWhatWasExpected) {
  for (const char* bad : {"http", "0", "65536", "-1", "80-", "90-80", "80,,81", "80-90-100", "0x50", "1,65536"})
    EXPECT_NE(read(bad).find("expected a number from 1 to 65535 or a range of them"), std::string::npos) << bad;
  EXPECT_EQ(read("80,http").substr(0, 31), "--skip-outbound-ports: \"http\": ");
}

TEST(NumberRanges, HaveALimit) {
  std::string many;
  for (size_t i = 0; i < kMaxInitEntries; ++i) many += str_cat(std::to_string(10 * i + 1), ",");
  many.pop_back();
  EXPECT_TRUE(parse_number_ranges("--skip-uids", many, kPorts));
  EXPECT_FALSE(parse_number_ranges("--skip-uids", many + ",65000", kPorts));
}

TEST(NumberRanges, HoldBothEnds) {
  NumberRanges ranges = {{10, 20}, {30, 30}};
  EXPECT_TRUE(contains(ranges, 10));
  EXPECT_TRUE(contains(ranges, 20));
  EXPECT_TRUE(contains(ranges, 30));
  EXPECT_FALSE(contains(ranges, 21));
  EXPECT_EQ(merged({{0, 4294967294}, {4294967294, 4294967294}}), (NumberRanges{{0, 4294967294}}));
}
}  // namespace
}  // namespace heddle
