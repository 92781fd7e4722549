#include "lib/config/https_url.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
HttpsUrl url(std::string_view text) {
  auto parsed = HttpsUrl::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().detail;
  return parsed ? *parsed : *HttpsUrl::parse("https://broken.test");
}

void expect_refused(std::string_view text, std::string_view why) {
  auto parsed = HttpsUrl::parse(text);
  ASSERT_FALSE(parsed) << text;
  EXPECT_NE(parsed.error().detail.find(why), std::string::npos) << text << ": " << parsed.error().detail;
}

TEST(HttpsUrl, IsTakenApart) {
  HttpsUrl whole = url("https://Bundles.Example.org:8443/a/b?x=1&y");

  EXPECT_EQ(whole.host(), "bundles.example.org");
  EXPECT_FALSE(whole.host_is_ip());
  EXPECT_EQ(whole.port(), 8443);
  EXPECT_EQ(whole.authority(), "bundles.example.org:8443");
  EXPECT_EQ(whole.path(), "/a/b");
  EXPECT_EQ(whole.query(), "x=1&y");
}

TEST(HttpsUrl, LeavesOutWhatIsUsual) {
  EXPECT_EQ(url("https://a.test").path(), "/");
  EXPECT_EQ(url("https://a.test?x").path(), "/");
  EXPECT_EQ(url("https://a.test?x").query(), "x");
  EXPECT_EQ(url("https://a.test:443/").authority(), "a.test");
  EXPECT_EQ(url("https://a.test/").port(), 443);
}

TEST(HttpsUrl, TakesAddresses) {
  EXPECT_TRUE(url("https://127.0.0.1:1/").host_is_ip());
  EXPECT_EQ(url("https://[::1]:8443/x").host(), "::1");
  EXPECT_EQ(url("https://[::1]:8443/x").authority(), "[::1]:8443");
  EXPECT_EQ(url("https://[::1]").port(), 443);
}

TEST(HttpsUrl, RefusesWhatFederationForbids) {
  expect_refused("http://a.test/", "scheme https");
  expect_refused("HTTPS://a.test/", "scheme https");
  expect_refused("a.test/bundle", "scheme https");
  expect_refused("", "scheme https");
  expect_refused("https://user@a.test/", "user information");
  expect_refused("https://user:pass@a.test/", "user information");
  expect_refused("https://a.test/#x", "fragment");
  expect_refused("https://a.test/" + std::string(2048, 'a'), "2,048");
}

TEST(HttpsUrl, RefusesBadHostsAndPorts) {
  for (std::string_view text : {"https://", "https:///x", "https://a_b.test/", "https://-a.test/", "https://127.1/",
                                "https://256.1.1.1/", "https://0x7f000001/", "https://2130706433/", "https://a..b/"}) {
    expect_refused(text, "host");
  }
  for (std::string_view text : {"https://a.test:/", "https://a.test:0/", "https://a.test:65536/", "https://a.test:1x/",
                                "https://[::1]x/", "https://a.test:-1/"}) {
    expect_refused(text, "port");
  }
  expect_refused("https://[::1", "bracket");
  expect_refused("https://[127.0.0.1]/", "bracket");
  expect_refused("https://::1/", "host");
}

TEST(HttpsUrl, RefusesBytesThatAreNoUrl) {
  for (std::string_view text : {"https://a.test/a b", "https://a.test/\r\nx: y", "https://a.test/\x7f",
                                "https://a.test/\xc3\xa9", "https://a.test\\x/"}) {
    expect_refused(text, "percent-encoded");
  }
}
}  // namespace
}  // namespace heddle
