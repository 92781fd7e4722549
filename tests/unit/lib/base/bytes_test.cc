#include "lib/base/bytes.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
using namespace std::string_view_literals;

TEST(Hex, WritesTwoLowerCaseDigitsPerByte) { EXPECT_EQ(to_hex(as_bytes("\x00\x7f\xff"sv)), "007fff"); }

TEST(Hex, ReadsBothCases) { EXPECT_EQ(*from_hex("6aBcEf"), "\x6a\xbc\xef"); }

TEST(Hex, ReadsNothingAsNothing) { EXPECT_EQ(*from_hex(""), ""); }

TEST(Hex, RefusesAnOddNumberOfDigits) { EXPECT_FALSE(from_hex("abc")); }

TEST(Hex, RefusesWhatIsNoDigit) {
  EXPECT_FALSE(from_hex("0g"));
  EXPECT_FALSE(from_hex(" 0"));
  EXPECT_FALSE(from_hex("0x"));
}

// RFC 4648 §10.
TEST(Base64, MatchesTheVectorsOfTheStandard) {
  EXPECT_EQ(to_base64(as_bytes("")), "");
  EXPECT_EQ(to_base64(as_bytes("f")), "Zg==");
  EXPECT_EQ(to_base64(as_bytes("fo")), "Zm8=");
  EXPECT_EQ(to_base64(as_bytes("foo")), "Zm9v");
  EXPECT_EQ(to_base64(as_bytes("foob")), "Zm9vYg==");
  EXPECT_EQ(to_base64(as_bytes("fooba")), "Zm9vYmE=");
  EXPECT_EQ(to_base64(as_bytes("foobar")), "Zm9vYmFy");
}

TEST(Base64, ReadsWhatItWrote) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));

  EXPECT_EQ(*from_base64(to_base64(as_bytes(all))), all);
  EXPECT_EQ(*from_base64(to_base64(as_bytes(all).first(255))), all.substr(0, 255));
  EXPECT_EQ(*from_base64(to_base64(as_bytes(all).first(254))), all.substr(0, 254));
}

TEST(Base64, RefusesMissingPadding) {
  EXPECT_FALSE(from_base64("Zg"));
  EXPECT_FALSE(from_base64("Zg="));
}

TEST(Base64, RefusesMisplacedPadding) {
  EXPECT_FALSE(from_base64("===="));
  EXPECT_FALSE(from_base64("Z==="));
  EXPECT_FALSE(from_base64("Zg==Zg=="));
  EXPECT_FALSE(from_base64("Z=g="));
}

TEST(Base64, RefusesWhiteSpaceAndTheOtherAlphabet) {
  EXPECT_FALSE(from_base64("Zm9v\nZm8"));
  EXPECT_FALSE(from_base64("Zm9 "));
  EXPECT_FALSE(from_base64("-_-_"));
}

TEST(Base64, RefusesTrailingBitsThatAreNotZero) {
  EXPECT_FALSE(from_base64("Zh=="));
  EXPECT_FALSE(from_base64("Zm9="));
}

TEST(Base64Url, UsesItsOwnAlphabetWithoutPadding) {
  EXPECT_EQ(to_base64url(as_bytes("\xfb\xff\xfe\xff"sv)), "-__-_w");
  EXPECT_EQ(to_base64url(as_bytes("")), "");
}
}  // namespace
}  // namespace heddle
