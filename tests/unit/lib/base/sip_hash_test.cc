#include "lib/base/sip_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace heddle {
namespace {
// The key 00 01 02 ... 0f and the texts "", 00, 00 01 ... of the authors' test vectors.
constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};
uint64_t hash_of_first(size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>(i));
  return sip_hash(kKey, text);
}

TEST(SipHash, SaysWhatItsAuthorsSay) {
  EXPECT_EQ(hash_of_first(0), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(hash_of_first(1), 0x74f839c593dc67fdU);
  EXPECT_EQ(hash_of_first(8), 0x93f5f5799a932462U);
  EXPECT_EQ(hash_of_first(15), 0xa129ca6149be45e5U);
}

TEST(SipHash, DependsOnTheWholeKey) {
  EXPECT_NE(sip_hash({1, 0}, "a"), sip_hash({0, 0}, "a"));
  EXPECT_NE(sip_hash({0, 1}, "a"), sip_hash({0, 0}, "a"));
}
}  // namespace
}  // namespace heddle
