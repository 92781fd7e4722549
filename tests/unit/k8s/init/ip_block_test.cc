#include "k8s/init/ip_block.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string read(std::string_view text) {
  auto blocks = parse_ip_blocks("--skip-outbound-cidrs", text);
  if (!blocks) return blocks.error().detail;
  std::vector<std::string> texts;
  for (const IpBlock& block : *blocks) texts.push_back(block.text());
  return join(texts, ",");
}

TEST(IpBlock, IsAPrefixOfEitherVersion) {
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("10.0.0.0/8, fd00::/8"), "10.0.0.0/8,fd00::/8");
  EXPECT_EQ(read("169.254.169.254"), "169.254.169.254/32");
  EXPECT_EQ(read("FD00::1"), "fd00::1/128");
  EXPECT_EQ(read("0.0.0.0/0,::/0"), "0.0.0.0/0,::/0");
}

TEST(IpBlock, OfAListHoldsNoOther) {
  EXPECT_EQ(read("10.1.0.0/16,10.0.0.0/8"), "10.0.0.0/8");
  EXPECT_EQ(read("10.0.0.0/8,10.1.0.0/16,10.0.0.0/8"), "10.0.0.0/8");
  EXPECT_EQ(read("10.0.0.0/9,10.128.0.0/9"), "10.0.0.0/9,10.128.0.0/9");
  EXPECT_EQ(read("0.0.0.0/0,fd00::/8"), "0.0.0.0/0,fd00::/8");
}

TEST(IpBlock, IsRefusedWithWhatWasExpected) {
  EXPECT_EQ(read("10.0.0.1/8"),
            "--skip-outbound-cidrs: \"10.0.0.1/8\": expected no bits beyond the prefix, as 10.0.0.0/8");
  EXPECT_EQ(read("10.0.0.0/33"), "--skip-outbound-cidrs: \"10.0.0.0/33\": expected a prefix length from 0 to 32");
  for (const char* bad :
       {"10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "fd00::/129", "10.0.0/8", "db.shop", "10.0.0.0/8,", "/8"})
    EXPECT_NE(read(bad).find("expected "), std::string::npos) << bad;
}

TEST(IpBlock, KnowsItsAddresses) {
  IpBlock block = *IpBlock::parse("192.0.2.0/24");
  EXPECT_TRUE(block.holds(*Address::from_ip("192.0.2.255", 1)));
  EXPECT_FALSE(block.holds(*Address::from_ip("192.0.3.0", 1)));
  EXPECT_FALSE(block.holds(*Address::from_ip("::1", 1)));
  EXPECT_TRUE(IpBlock::parse("2001:db8::/32")->holds(*Address::from_ip("2001:db8:ffff::1", 1)));
}
}  // namespace
}  // namespace heddle
