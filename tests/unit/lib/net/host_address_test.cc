// What control.addresses may say.
#include "lib/net/host_address.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
TEST(HostAddress, ANameIsKeptAsItIsWritten) {
  for (std::string_view text : {"heddle-control.heddle-system.svc:15010", "localhost:1", "a:65535", "Control_1.x:80",
                                "a.example.:443", "1a.2b:80", "3.example:80"}) {
    Result<HostAddress> found = HostAddress::parse(text);
    ASSERT_TRUE(found) << text << ": " << found.error().text();
    EXPECT_TRUE(found->is_name()) << text;
    EXPECT_EQ(found->text(), text);
    EXPECT_EQ(str_cat(found->host(), ":", std::to_string(found->port())), text);
  }
}

TEST(HostAddress, AnAddressIsNoName) {
  for (std::string_view text : {"10.0.0.7:15010", "[fd00::7]:15010", "unix:/run/heddle/control"}) {
    Result<HostAddress> found = HostAddress::parse(text);
    ASSERT_TRUE(found) << text << ": " << found.error().text();
    EXPECT_FALSE(found->is_name()) << text;
    EXPECT_EQ(found->address(), *Address::parse(text));
    EXPECT_EQ(found->port(), found->address().port());
    EXPECT_EQ(found->text(), text);
  }
}

TEST(HostAddress, AWrongAddressIsNotTakenForAName) {
  for (std::string_view text : {"10.0.0.256:80", "10.0.0:80", "10.0.0.7.:80", "1.2.3.4.5:80", "12345:80", "fd00::7:80",
                                "[fd00::7:80", "[fd00::zz]:80", "[control]:80"}) {
    Result<HostAddress> found = HostAddress::parse(text);
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().reason, Reason::kConfigInvalid) << text;
  }
}

TEST(HostAddress, WhatIsNoNameIsRefused) {
  for (std::string_view text : {"", ":", ":80", ".:80", "a..b:80", ".a:80", "-a:80", "a.-b:80", "a b:80", "a/b:80",
                                "user@a:80", "*.a:80", "b\xc3\xbc:80", "a\n:80", "http://a:80", "a..:80"}) {
    Result<HostAddress> found = HostAddress::parse(text);
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().reason, Reason::kConfigInvalid) << text;
  }
}

TEST(HostAddress, ANameNeedsAPort) {
  EXPECT_FALSE(HostAddress::parse("control"));
  for (std::string_view text : {"control:", "control:0", "control:65536", "control:+1", "control: 1", "control:-1",
                                "control:0x50", "control:http", "control:80x"}) {
    Result<HostAddress> found = HostAddress::parse(text);
    ASSERT_FALSE(found) << text;
    EXPECT_NE(found.error().detail.find("a port from 1 to 65535"), std::string::npos) << found.error().detail;
  }
}

TEST(HostAddress, NamesAreAsLongAsDnsHasThem) {
  std::string label(63, 'a');
  std::string name = str_cat(label, ".", label, ".", label, ".", std::string(61, 'a'));
  ASSERT_EQ(name.size(), 253U);
  EXPECT_TRUE(HostAddress::parse(name + ":80"));
  EXPECT_TRUE(HostAddress::parse(name + ".:80")) << "the root does not count";
  EXPECT_FALSE(HostAddress::parse(str_cat("a", name, ":80")));
  EXPECT_FALSE(HostAddress::parse(str_cat(label, "a:80")));
}

TEST(HostAddress, AreEqualWhenTheySayTheSame) {
  EXPECT_EQ(*HostAddress::parse("a:80"), *HostAddress::parse("a:80"));
  EXPECT_NE(*HostAddress::parse("a:80"), *HostAddress::parse("a:81"));
  EXPECT_NE(*HostAddress::parse("a:80"), *HostAddress::parse("b:80"));
  EXPECT_NE(*HostAddress::parse("a:80"), HostAddress(Address::loopback(80)));
}
}  // namespace
}  // namespace heddle
