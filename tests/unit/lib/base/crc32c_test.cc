#include "lib/base/crc32c.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
uint32_t crc_of(std::string_view text) {
  Crc32c crc;
  crc.add(as_bytes(text));
  return crc.value();
}

// The check value of the catalogue of CRCs, and the first two vectors of RFC 3720 B.4.
TEST(Crc32c, IsThatOfTheStandards) {
  EXPECT_EQ(crc_of("123456789"), 0xE3069283U);
  EXPECT_EQ(crc_of(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc_of(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc_of(""), 0U);
}

TEST(Crc32c, DependsOnNoSplit) {
  Crc32c crc;
  for (std::string_view part : {"1", "2345", "", "6789"}) crc.add(as_bytes(part));

  EXPECT_EQ(crc.value(), crc_of("123456789"));
}
}  // namespace
}  // namespace heddle
