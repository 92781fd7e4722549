// grpc-timeout: what is one, and that what is told on is never more than what is left.
#include "lib/http/grpc_timeout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace heddle {
namespace {
struct Unit {
  char letter;
  Duration length;
};
constexpr std::array<Unit, 6> kUnits = {
    {{'n', Duration{1}}, {'u', 1us}, {'m', 1ms}, {'S', 1s}, {'M', 1min}, {'H', 1h}}};

// 1, 9, 10, 99 ... and what lies about in between, up to eight digits.
std::vector<int64_t> counts() {
  std::vector<int64_t> out;
  for (int64_t power = 1; power <= 10'000'000; power *= 10) {
    for (int64_t factor = 1; factor <= 9; ++factor) out.push_back(power * factor);
    out.push_back(power * 10 - 1);
    out.push_back(power * 7 + power / 3);
  }
  return out;
}

TEST(GrpcTimeout, EveryNumberOfDigitsInEveryUnitIsRead) {
  for (const Unit& unit : kUnits) {
    for (int64_t count : counts()) {
      std::string text = std::to_string(count) + unit.letter;
      bool fits = count <= kLongestGrpcTimeout / unit.length;
      EXPECT_EQ(parse_grpc_timeout(text), fits ? count * unit.length : kLongestGrpcTimeout) << text;
    }
  }
}

TEST(GrpcTimeout, ZerosInFrontAndNothingLeftAreRead) {
  EXPECT_EQ(parse_grpc_timeout("00000007S"), Duration(7s));
  EXPECT_EQ(parse_grpc_timeout("0n"), Duration(0));
  EXPECT_EQ(parse_grpc_timeout("00000000H"), Duration(0));
}

TEST(GrpcTimeout, WhatIsNotOneIsMalformed) {
  for (std::string_view text :
       {"",     "S",  "1",  "12345678", "123456789S", "000000001S", "-1S", "+1S",  " 1S", "1S ",      "1 S",
        "1.5S", "1s", "1h", "1N",       "1U",         "1SS",        "1mS", "0x1S", "S1",  "infinity", "1\xc2\xb5"}) {
    EXPECT_EQ(parse_grpc_timeout(text), std::nullopt) << text;
  }
}

// Every byte in the place of the unit, and of the only digit.
TEST(GrpcTimeout, NoOtherByteIsAUnitOrADigit) {
  for (int byte = 0; byte < 256; ++byte) {
    auto letter = static_cast<char>(byte);
    bool is_unit = std::any_of(kUnits.begin(), kUnits.end(), [&](const Unit& unit) { return unit.letter == letter; });
    bool is_digit = byte >= '0' && byte <= '9';
    EXPECT_EQ(parse_grpc_timeout(std::string("1") + letter).has_value(), is_unit) << byte;
    EXPECT_EQ(parse_grpc_timeout(std::string(1, letter) + "m").has_value(), is_digit) << byte;
  }
}

TEST(GrpcTimeout, IsWrittenInTheFinestUnitThatHasRoom) {
  EXPECT_EQ(GrpcTimeoutText(Duration(-1)).text(), "0n");
  EXPECT_EQ(GrpcTimeoutText(Duration(0)).text(), "0n");
  EXPECT_EQ(GrpcTimeoutText(Duration(99'999'999)).text(), "99999999n");
  EXPECT_EQ(GrpcTimeoutText(Duration(100'000'000)).text(), "100000u");
  EXPECT_EQ(GrpcTimeoutText(1s).text(), "1000000u");
  EXPECT_EQ(GrpcTimeoutText(99'999'999us + Duration(999)).text(), "99999999u");
  EXPECT_EQ(GrpcTimeoutText(100s).text(), "100000m");
  EXPECT_EQ(GrpcTimeoutText(100'000s).text(), "100000S");
  EXPECT_EQ(GrpcTimeoutText(kLongestGrpcTimeout).text(), "31536000S");
  EXPECT_EQ(GrpcTimeoutText(Duration::max()).text(), "2562047H");
}

TEST(GrpcTimeout, IsNeverWrittenLongerThanItIsAndLosesLessThanItsUnit) {
  for (const Unit& unit : kUnits) {
    for (int64_t count : counts()) {
      if (count > kLongestGrpcTimeout / unit.length) continue;
      for (Duration off : {Duration(-1), Duration(0), Duration(1)}) {
        Duration left = count * unit.length + off;
        GrpcTimeoutText text(left);
        std::optional<Duration> read = parse_grpc_timeout(text.text());
        ASSERT_TRUE(read) << text.text();
        EXPECT_LE(*read, std::max(left, Duration(0))) << text.text();
        EXPECT_LT(left - *read, std::max(Duration(1), left / 10'000)) << text.text() << " of " << left.count();
      }
    }
  }
}
}  // namespace
}  // namespace heddle
