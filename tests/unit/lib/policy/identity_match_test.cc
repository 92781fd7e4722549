#include "lib/policy/identity_match.h"

#include <gtest/gtest.h>

#include "lib/config/identity_pattern.h"

namespace heddle {
namespace {
bool matches(std::string_view pattern, std::string_view id) { return matches_identity(pattern, *SpiffeId::parse(id)); }

TEST(IdentityMatch, APrefixEndsAtASlash) {  // ID-059
  EXPECT_FALSE(matches("spiffe://td/ns/a/*", "spiffe://td/ns/a"));
  EXPECT_TRUE(matches("spiffe://td/ns/a/*", "spiffe://td/ns/a/b"));
  EXPECT_TRUE(matches("spiffe://td/ns/a/*", "spiffe://td/ns/a/b/c"));
  EXPECT_FALSE(matches("spiffe://td/ns/a/*", "spiffe://td/ns/ab"));
  EXPECT_FALSE(matches("spiffe://td/ns/a/*", "spiffe://td2/ns/a/b"));
}

TEST(IdentityMatch, ATrustDomainIsNoPrefixOfAnother) {
  EXPECT_TRUE(matches("spiffe://td/*", "spiffe://td/x"));
  EXPECT_FALSE(matches("spiffe://td/*", "spiffe://td"));
  EXPECT_FALSE(matches("spiffe://td/*", "spiffe://td.evil/x"));
}

TEST(IdentityMatch, AnExactPatternIsThatId) {
  EXPECT_TRUE(matches("spiffe://td/a", "spiffe://td/a"));
  EXPECT_FALSE(matches("spiffe://td/a", "spiffe://td/a/b"));
  EXPECT_FALSE(matches("spiffe://td/a/b", "spiffe://td/a"));
  EXPECT_FALSE(matches("spiffe://td", "spiffe://td"));
}

TEST(IdentityMatch, WhatIsNoPatternMatchesNothing) {
  for (std::string_view pattern : {"", "*", "/*", "spiffe:///*", "spiffe://*", "spiffe://td*", "spiffe://td/a*"}) {
    EXPECT_FALSE(matches(pattern, "spiffe://td/a")) << pattern;
    EXPECT_FALSE(check_identity_pattern(pattern)) << pattern;
  }
}

TEST(IdentityMatch, AnEmptyListMatchesNobody) {  // ID-061
  EXPECT_FALSE(matches_any_identity({}, *SpiffeId::parse("spiffe://td/a")));
}

TEST(IdentityMatch, OneOfAListIsEnough) {
  std::vector<std::string> patterns = {"spiffe://td/b", "spiffe://td/ns/*"};

  EXPECT_TRUE(matches_any_identity(patterns, *SpiffeId::parse("spiffe://td/ns/a")));
  EXPECT_FALSE(matches_any_identity(patterns, *SpiffeId::parse("spiffe://td/a")));
}

TEST(IdentityPattern, AcceptsTheThreeForms) {
  for (std::string_view pattern : {"spiffe://td/a", "spiffe://td/a/*", "spiffe://td/*"}) {
    EXPECT_TRUE(check_identity_pattern(pattern)) << pattern;
  }
  for (std::string_view pattern :
       {"spiffe://td", "spiffe://td/a/", "spiffe://td/*/a", "spiffe://TD/*", "spiffe://td/**"}) {
    EXPECT_FALSE(check_identity_pattern(pattern)) << pattern;
  }
}
}  // namespace
}  // namespace heddle
