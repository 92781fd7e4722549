#include "certs/spiffe_id.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace heddle {
namespace {
struct BadId {
  std::string uri;
  std::string_view says;
};

TrustDomain domain(std::string_view name) { return *TrustDomain::parse(name); }

bool is_domain_char(int c) { return std::islower(c) || std::isdigit(c) || c == '.' || c == '-' || c == '_'; }
bool is_path_char(int c) { return is_domain_char(c) || std::isupper(c); }

// The code point as UTF-8, so that 128-255 are two bytes.
std::string utf8(int c) {
  if (c < 128) return std::string(1, static_cast<char>(c));
  return {static_cast<char>(0xc0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3f))};
}
}  // namespace

TEST(SpiffeId, AcceptsWhatTheStandardAllows) {
  for (const char* uri : {"spiffe://trustdomain", "spiffe://trustdomain/path", "spiffe://trustdomain/.path",
                          "spiffe://trustdomain/..path", "spiffe://trustdomain/...", "spiffe://trustdomain/path1/path2",
                          "spiffe://127.0.0.1/path", "spiffe://td/PATH", "spiffe://1.2.3.4", "spiffe://a-b_c.d/x"}) {
    auto id = SpiffeId::parse(uri);

    ASSERT_TRUE(id) << uri << ": " << id.error().detail;
    EXPECT_EQ(id->text(), uri);
  }
}

TEST(SpiffeId, RefusesEveryBadFormWithItsOwnMessage) {
  const BadId cases[] = {
      {"", "is empty"},
      {"s", "must begin with"},
      {"spiffe:/", "must begin with"},
      {"spiffe:/trustdomain/path", "must begin with"},
      {"spiffe:td/path", "must begin with"},
      {"Spiffe://trustdomain", "must begin with"},
      {"SPIFFE://trustdomain", "must begin with"},
      {"https://td/x", "must begin with"},
      {"sparfe://td/x", "must begin with"},
      {" spiffe://td/x", "must begin with"},
      {"spiffe://", "trust domain is missing"},
      {"spiffe:///", "trust domain is missing"},
      {"spiffe:///path", "trust domain is missing"},
      {"spiffe://?x", "trust domain is missing"},
      {"spiffe://trustdomain/", "ends with a slash"},
      {"spiffe://trustdomain/path/", "ends with a slash"},
      {"spiffe://trustdomain//", "empty path segment"},
      {"spiffe://trustdomain//path", "empty path segment"},
      {"spiffe://trustdomain/a//b", "empty path segment"},
      {"spiffe://trustdomain/.", "dot segment"},
      {"spiffe://trustdomain/./path", "dot segment"},
      {"spiffe://trustdomain/path/./other", "dot segment"},
      {"spiffe://trustdomain/path/.", "dot segment"},
      {"spiffe://trustdomain/..", "dot segment"},
      {"spiffe://trustdomain/../path", "dot segment"},
      {"spiffe://trustdomain/path/..", "dot segment"},
      {"spiffe://trustdomain/path/../other", "dot segment"},
      {"spiffe://%F0%9F%A4%AF/path", "percent-encoded"},
      {"spiffe://trustdomain/%F0%9F%A4%AF", "percent-encoded"},
      {"spiffe://%62%61%64/path", "percent-encoded"},
      {"spiffe://trustdomain/%62%61%64", "percent-encoded"},
      {"spiffe://trust$domain/path", "[a-z0-9.-_]"},
      {"spiffe://trustdomain/path$", "[A-Za-z0-9.-_]"},
      {"spiffe://td/path?", "query"},
      {"spiffe://td?x", "query"},
      {"spiffe://td/path?a=b", "query"},
      {"spiffe://td/path#", "fragment"},
      {"spiffe://td#x", "fragment"},
      {"spiffe://@td/path", "user information"},
      {"spiffe://user@td/path", "user information"},
      {"spiffe://td:/path", "port"},
      {"spiffe://td:8080/path", "port"},
      {"spiffe://TD/path", "lower case"},
      {"spiffe://[::1]/path", "IPv6"},
      {"spiffe://td/path\n", "[A-Za-z0-9.-_]"},
      {"spiffe://td/path ", "[A-Za-z0-9.-_]"},
      {"spiffe://td\\x/path", "[a-z0-9.-_]"},
      {std::string("spiffe://td/a\0.evil", 19), "[A-Za-z0-9.-_]"},
      {std::string("spiffe://td\0.evil/a", 19), "[a-z0-9.-_]"},
  };
  for (const BadId& bad : cases) {
    auto id = SpiffeId::parse(bad.uri);

    ASSERT_FALSE(id) << bad.uri;
    EXPECT_NE(id.error().detail.find(bad.says), std::string::npos) << bad.uri << ": " << id.error().detail;
  }
}

TEST(SpiffeId, KnowsEveryCodePointOfTheTrustDomain) {
  for (int c = 0; c < 256; ++c) {
    if (c == '/') continue;
    EXPECT_EQ(SpiffeId::parse("spiffe://trustdomain" + utf8(c) + "/path").has_value(), is_domain_char(c)) << c;
    EXPECT_EQ(TrustDomain::parse("td" + utf8(c)).has_value(), is_domain_char(c)) << c;
  }
}

TEST(SpiffeId, KnowsEveryCodePointOfThePath) {
  for (int c = 0; c < 256; ++c) {
    if (c == '/') continue;
    EXPECT_EQ(SpiffeId::parse("spiffe://trustdomain/path" + utf8(c)).has_value(), is_path_char(c)) << c;
  }
}

TEST(SpiffeId, RefusesEveryRawHighByte) {
  for (int c = 128; c < 256; ++c) {
    std::string raw(1, static_cast<char>(c));
    EXPECT_FALSE(SpiffeId::parse("spiffe://trustdomain" + raw + "/path")) << c;
    EXPECT_FALSE(SpiffeId::parse("spiffe://trustdomain/path" + raw)) << c;
  }
}

TEST(SpiffeId, TakesExactly2048Bytes) {
  std::string longest = "spiffe://td/" + std::string(2048 - 12, 'a');

  EXPECT_TRUE(SpiffeId::parse(longest));
  EXPECT_FALSE(SpiffeId::parse(longest + "a"));
}

TEST(SpiffeId, TakesATrustDomainOfExactly255Bytes) {
  std::string longest(255, 'd');

  EXPECT_TRUE(SpiffeId::parse("spiffe://" + longest + "/x"));
  EXPECT_FALSE(SpiffeId::parse("spiffe://" + longest + "d/x"));
}

TEST(SpiffeId, SplitsTrustDomainAndPath) {
  auto id = *SpiffeId::parse("spiffe://td.test/ns/a/sa/b");

  EXPECT_EQ(id.trust_domain(), domain("td.test"));
  EXPECT_EQ(id.trust_domain_name(), "td.test");
  EXPECT_EQ(id.path(), "/ns/a/sa/b");
  EXPECT_EQ(SpiffeId::parse("spiffe://td.test")->path(), "");
}

TEST(SpiffeId, BuildsFromAPath) {
  EXPECT_EQ(SpiffeId::from_path(domain("td"), "/a/b")->text(), "spiffe://td/a/b");
  EXPECT_EQ(SpiffeId::from_path(domain("td"), "")->text(), "spiffe://td");
  EXPECT_FALSE(SpiffeId::from_path(domain("td"), "foo"));
  EXPECT_FALSE(SpiffeId::from_path(domain("td"), "/"));
}

TEST(SpiffeId, BuildsAWorkloadAndReadsItBack) {
  auto id = *SpiffeId::for_workload(domain("cluster.local"), "shop", "cart");

  ASSERT_TRUE(id.workload());
  EXPECT_EQ(id.text(), "spiffe://cluster.local/ns/shop/sa/cart");
  EXPECT_EQ(id.workload()->name_space, "shop");
  EXPECT_EQ(id.workload()->service_account, "cart");
}

TEST(SpiffeId, RefusesWorkloadPartsThatAreNotOneSegment) {
  for (const char* part : {"", ".", "..", "a/b", "a%2fb", "a b"}) {
    EXPECT_FALSE(SpiffeId::for_workload(domain("td"), part, "x")) << part;
    EXPECT_FALSE(SpiffeId::for_workload(domain("td"), "x", part)) << part;
  }
}

TEST(SpiffeId, ReadsAWorkloadOnlyFromTheExactShape) {
  for (const char* path : {"", "/ns/a", "/ns/a/sa", "/ns/a/sa/b/c", "/sa/b/ns/a", "/x/ns/a/sa/b", "/NS/a/sa/b"}) {
    auto id = SpiffeId::from_path(domain("td"), path);
    ASSERT_TRUE(id) << path;

    EXPECT_FALSE(id->workload()) << path;
  }
}

TEST(SpiffeId, ComparesThePathByCase) {
  EXPECT_NE(*SpiffeId::parse("spiffe://td/A"), *SpiffeId::parse("spiffe://td/a"));
  EXPECT_EQ(*SpiffeId::parse("spiffe://td/a"), *SpiffeId::parse("spiffe://td/a"));
  EXPECT_LT(*SpiffeId::parse("spiffe://td/a"), *SpiffeId::parse("spiffe://td/b"));
}

TEST(SpiffeId, IsAKeyOfHashTables) {
  std::unordered_set<SpiffeId> ids{*SpiffeId::parse("spiffe://td/a"), *SpiffeId::parse("spiffe://td/a")};
  std::unordered_set<TrustDomain> domains{domain("td"), domain("td")};

  EXPECT_EQ(ids.size(), 1U);
  EXPECT_EQ(domains.size(), 1U);
}
}  // namespace heddle
