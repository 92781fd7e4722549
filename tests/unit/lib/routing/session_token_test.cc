#include "lib/routing/session_token.h"

#include <gtest/gtest.h>

#include <set>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr SessionToken kToken{0x0123456789abcdef, 0xfedcba9876543210, 0x65000000, 0x65000001};
constexpr std::string_view kText = "10123456789abcdeffedcba98765432106500000065000001";

std::string text_of(const SessionToken& token) {
  SessionTokenText room;
  return std::string(format_session_token(token, room));
}
const ResourceKey kSet{Kind::kBackendSet, "default", "b"};

TEST(SessionToken, ReadsBackAsWritten) {
  EXPECT_EQ(text_of(kToken), kText);
  EXPECT_EQ(parse_session_token(kText), kToken);
}

TEST(SessionToken, IsNothingElse) {
  auto changed = [](size_t at, char to) {
    std::string text(kText);
    text[at] = to;
    return parse_session_token(text);
  };

  EXPECT_FALSE(parse_session_token(""));
  EXPECT_FALSE(parse_session_token(kText.substr(1)));
  EXPECT_FALSE(parse_session_token(str_cat(kText, "0")));
  EXPECT_FALSE(changed(0, '2')) << "another version";
  EXPECT_FALSE(changed(5, 'A')) << "upper case";
  EXPECT_FALSE(changed(5, '-'));
  EXPECT_FALSE(changed(5, ' '));
  EXPECT_FALSE(changed(48, 'x'));
  EXPECT_FALSE(changed(33, '7')) << "begun after it was seen";
  EXPECT_FALSE(parse_session_token(text_of({0, 1, 1, 1})));
  EXPECT_FALSE(parse_session_token(text_of({1, 0, 1, 1}))) << "0 is no endpoint";
}

TEST(SessionToken, TimesAreWholeSecondsUntil2106) {
  EXPECT_EQ(session_seconds(WallTime(1999ms)), 1U);
  EXPECT_EQ(session_seconds(WallTime(-5s)), 0U);
  EXPECT_EQ(session_seconds(WallTime(5'000'000'000s)), UINT32_MAX);
  EXPECT_EQ(session_time(7), WallTime(7s));
}

// What other versions and other machines must compute alike: a change breaks the sessions of a rolling upgrade, and
// needs another version digit.
TEST(SessionToken, HashesAreTheSameEverywhere) {
  uint64_t set = session_scope(kSet);

  EXPECT_EQ(set, 0xad3fa0f2765fa627U);
  EXPECT_EQ(session_endpoint(set, Address::loopback(80)), 0x4f7a21992fd2495cU);
  EXPECT_EQ(session_endpoint(set, *Address::parse("[::1]:80")), 0x3d83e30ef0e20294U);
  EXPECT_EQ(session_backend(session_scope({Kind::kHttpRoute, "default", "r"}), "0", set), 0x833a5311c729bde9U);
}

TEST(SessionToken, HashesTellEverythingApart) {
  uint64_t set = session_scope(kSet);
  uint64_t other = session_scope({Kind::kBackendSet, "defaul", "tb"});
  std::set<uint64_t> seen{set, other, session_scope({Kind::kHttpRoute, "default", "b"})};
  for (uint64_t scope : {set, other}) {
    seen.insert(session_endpoint(scope, Address::loopback(80)));
    seen.insert(session_endpoint(scope, Address::loopback(81)));
    seen.insert(session_endpoint(scope, *Address::parse("127.0.0.2:80")));
    seen.insert(session_endpoint(scope, *Address::parse("unix:/a")));
    seen.insert(session_backend(scope, "0", 1));
    seen.insert(session_backend(scope, "1", 1));
    seen.insert(session_backend(scope, "0", 2));
  }

  EXPECT_EQ(seen.size(), 3U + 2U * 7U);
}
}  // namespace
}  // namespace heddle
