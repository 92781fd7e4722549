#include "lib/base/sip_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace heddle {
namespace {
// The key of the paper: bytes 00 to 0f.
constexpr SipKey kPaper{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string first_bytes(size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out.push_back(static_cast<char>(i));
  return out;
}

TEST(SipHash, HasTheValueOfThePaper) {
  EXPECT_EQ(sip_hash(kPaper, first_bytes(15)), 0xa129ca6149be45e5U);  // appendix A
  EXPECT_EQ(sip_hash(kPaper, {}), 0x726fdb47dd0e0e31U);               // of its test vectors, the first
}

TEST(SipHash, DependsOnEveryByteAndOnTheKey) {
  EXPECT_NE(sip_hash(kPaper, first_bytes(8)), sip_hash(kPaper, first_bytes(9)));
  EXPECT_NE(sip_hash(kPaper, std::string(8, '\0')), sip_hash(kPaper, std::string(9, '\0')));
  EXPECT_NE(sip_hash({1, 2}, "a"), sip_hash({1, 3}, "a"));
  EXPECT_NE(sip_hash({1, 2}, "a"), sip_hash({2, 2}, "a"));
}
}  // namespace
}  // namespace heddle
