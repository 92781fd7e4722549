#include "lib/base/address.h"

#include <gtest/gtest.h>

#include <cstring>

namespace heddle {
namespace {
using namespace std::string_view_literals;

Address through_sockaddr(const Address& address) {
  sockaddr_storage storage;
  address.to_sockaddr(storage);
  return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage));
}

TEST(Address, ReadsIpv4) {
  auto address = Address::parse("10.1.2.3:8080");

  ASSERT_TRUE(address);
  EXPECT_EQ(address->family(), Address::Family::kIpv4);
  EXPECT_EQ(address->ip(), "10.1.2.3");
  EXPECT_EQ(address->port(), 8080);
  EXPECT_EQ(address->text(), "10.1.2.3:8080");
}

TEST(Address, ReadsIpv6InBrackets) {
  auto address = Address::parse("[2001:DB8::1]:0");

  ASSERT_TRUE(address);
  EXPECT_EQ(address->family(), Address::Family::kIpv6);
  EXPECT_EQ(address->ip(), "2001:db8::1");
  EXPECT_EQ(address->text(), "[2001:db8::1]:0");
}

TEST(Address, ReadsUnixPaths) {
  auto address = Address::parse("unix:/run/heddle/admin.sock");

  ASSERT_TRUE(address);
  EXPECT_EQ(address->path(), "/run/heddle/admin.sock");
  EXPECT_EQ(address->text(), "unix:/run/heddle/admin.sock");
  EXPECT_EQ(address->ip(), "");
}

TEST(Address, RefusesWhatIsNotExactlyAnAddress) {
  for (std::string_view text : {""sv,
                                "127.0.0.1"sv,
                                "127.0.0.1:"sv,
                                "127.0.0.1:65536"sv,
                                "127.0.0.1:-1"sv,
                                "127.0.0.1: 80"sv,
                                "127.0.0.1:80 "sv,
                                "localhost:80"sv,
                                ":80"sv,
                                "127.1:80"sv,
                                "0127.0.0.1:80"sv,
                                "::1:80"sv,
                                "[::1:80"sv,
                                "::1]:80"sv,
                                "[::1]"sv,
                                "[127.0.0.1]:80"sv,
                                "[]:80"sv,
                                "[fe80::1%eth0]:80"sv,
                                "127.0.0.1\0x:80"sv,
                                "[::1\0]:80"sv}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(Address, RefusesBadUnixPaths) {
  EXPECT_FALSE(Address::parse("unix:relative"));
  EXPECT_FALSE(Address::parse("unix:/"));
  EXPECT_FALSE(Address::parse("unix:/a\0b"sv));
  EXPECT_FALSE(Address::from_unix("/" + std::string(107, 'a')));
  EXPECT_TRUE(Address::from_unix("/" + std::string(106, 'a')));
}

TEST(Address, NamesTheTextInItsError) {
  auto address = Address::parse("localhost:80");

  ASSERT_FALSE(address);
  EXPECT_NE(address.error().detail.find("localhost"), std::string::npos);
}

TEST(Address, SurvivesSockaddr) {
  for (std::string_view text : {"1.2.3.4:5", "[::ffff:1.2.3.4]:6"}) {
    Address address = *Address::parse(text);
    EXPECT_EQ(through_sockaddr(address), address) << text;
  }
}

TEST(Address, WritesUnixPathsWithTheirNul) {
  sockaddr_storage storage;

  socklen_t size = Address::from_unix("/a/b")->to_sockaddr(storage);

  EXPECT_EQ(size, offsetof(sockaddr_un, sun_path) + 5);
  EXPECT_STREQ(reinterpret_cast<sockaddr_un*>(&storage)->sun_path, "/a/b");
}

TEST(Address, KnowsLoopback) {
  EXPECT_TRUE(Address::parse("127.0.1.9:1")->is_loopback());
  EXPECT_TRUE(Address::parse("[::1]:1")->is_loopback());
  EXPECT_TRUE(Address::parse("unix:/a")->is_loopback());
  EXPECT_FALSE(Address::parse("128.0.0.1:1")->is_loopback());
  EXPECT_FALSE(Address::parse("[::2]:1")->is_loopback());
  EXPECT_FALSE(Address().is_loopback());
}

TEST(Address, OneSourceIsAnAddressOrTheNetworkOfOne) {
  EXPECT_EQ(Address::parse("192.0.2.7:80")->source(), *Address::from_ip("192.0.2.7", 0));
  EXPECT_EQ(Address::parse("[2001:db8:1:2:3:4:5:6]:80")->source(), *Address::from_ip("2001:db8:1:2::", 0));
  EXPECT_NE(Address::parse("[2001:db8:1:3::1]:80")->source(), *Address::from_ip("2001:db8:1:2::", 0));
}

TEST(Address, ComparesAndHashesByValue) {
  Address a = *Address::parse("127.0.0.1:80");

  EXPECT_EQ(a, Address::loopback(80));
  EXPECT_EQ(a.hash(), Address::loopback(80).hash());
  EXPECT_NE(a, a.with_port(81));
  EXPECT_NE(a.hash(), a.with_port(81).hash());
}

TEST(Address, IsNotSetByDefault) {
  EXPECT_FALSE(Address().is_set());
  EXPECT_EQ(Address().text(), "-");
}
}  // namespace
}  // namespace heddle
