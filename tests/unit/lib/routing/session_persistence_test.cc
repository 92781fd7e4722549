#include "lib/routing/session_persistence.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/allocation_counter.h"

namespace heddle {
namespace {
constexpr WallTime kNow{1'700'000'000s};
constexpr uint64_t kEndpoint = 77;

// A rule with backends a and b, of BackendSetId 4 and 5.
class SessionPersistenceTest : public testing::Test {
 protected:
  SessionPersistenceTest() {
    spec_.type = SessionType::kCookie;
    spec_.name = "s";
  }
  static uint64_t scope_of(std::string_view set) {
    return session_scope({Kind::kBackendSet, "default", std::string(set)});
  }
  SessionPersistence make(std::string_view route = "r", std::string_view rule = "",
                          std::vector<std::string_view> sets = {"a", "b"}) const {
    HttpRouteSpec out;
    out.key = {Kind::kHttpRoute, "default", std::string(route)};
    out.rules.emplace_back().name = rule;
    out.rules[0].matches = {HttpMatch{}, HttpMatch{PathMatch{PathMatchType::kPrefix, "/shop/"}, {}}};
    out.rules[0].session = Rare<SessionPersistenceSpec>(spec_);
    std::vector<SessionBackend> backends;
    uint32_t id = 4;
    for (std::string_view set : sets) backends.push_back({BackendSetId(id++), scope_of(set)});
    return {out, 0, std::move(backends)};
  }
  static std::string text_of(const SessionToken& token) {
    SessionTokenText room;
    return std::string(format_session_token(token, room));
  }
  static SessionToken token_of(const SessionPersistence& rule, uint8_t backend, WallTime when) {
    return *rule.next({}, backend, kEndpoint, when);
  }
  SessionVerdict verdict(const SessionPersistence& rule, const std::string& cookie, WallTime now = kNow) {
    HeaderMap request(blocks_);
    EXPECT_TRUE(request.add("cookie", cookie));
    return rule.read(request, now).verdict;
  }
  SessionVerdict verdict(const SessionPersistence& rule, const SessionToken& token, WallTime now = kNow) {
    return verdict(rule, str_cat("x=1; s=", text_of(token)), now);
  }
  std::string written(const SessionPersistence& rule, const SessionToken& token, size_t match = 0,
                      WallTime now = kNow) {
    HeaderMap answer(blocks_);
    EXPECT_TRUE(rule.write(token, match, now, answer));
    return std::string(answer.get("set-cookie").value_or(""));
  }
  BlockPool blocks_;
  SessionPersistenceSpec spec_;
};

TEST_F(SessionPersistenceTest, ReadsWhatItWrote) {
  SessionPersistence rule = make();
  SessionToken token = token_of(rule, 1, kNow);
  HeaderMap request(blocks_);
  ASSERT_TRUE(request.add("cookie", str_cat("s=", text_of(token))));

  FoundSession found = rule.read(request, kNow + 24 * 1h);

  EXPECT_EQ(found.verdict, SessionVerdict::kValid) << "without timeouts a session lasts";
  EXPECT_EQ(found.backend, 1);
  EXPECT_EQ(rule.set(found.backend), BackendSetId(5));
  EXPECT_EQ(found.token, token);
  EXPECT_EQ(token.endpoint, kEndpoint);
  EXPECT_EQ(token.begun, session_seconds(kNow));
}

TEST_F(SessionPersistenceTest, WhatIsNoTokenIsNone) {
  SessionPersistence rule = make();

  EXPECT_EQ(verdict(rule, "x=1"), SessionVerdict::kNone);
  EXPECT_EQ(verdict(rule, str_cat("S=", text_of(token_of(rule, 0, kNow)))), SessionVerdict::kNone);
  EXPECT_EQ(verdict(rule, "s=127.0.0.1:80"), SessionVerdict::kMalformed);
  EXPECT_EQ(verdict(rule, "s="), SessionVerdict::kMalformed);
}

TEST_F(SessionPersistenceTest, RulesShareNoSessions) {
  SessionPersistence rule = make();
  SessionToken token = token_of(rule, 0, kNow);

  EXPECT_EQ(verdict(make(), token), SessionVerdict::kValid) << "of the same rule elsewhere, or later";
  EXPECT_EQ(verdict(make("r", "", {"b", "a"}), token), SessionVerdict::kValid) << "whatever the order of its backends";
  EXPECT_EQ(verdict(make("other"), token), SessionVerdict::kForeign);
  EXPECT_EQ(verdict(make("r", "named"), token), SessionVerdict::kForeign);
  EXPECT_EQ(verdict(make("r", "", {"b"}), token), SessionVerdict::kForeign) << "the rule names the set no more";
}

TEST_F(SessionPersistenceTest, EndsAtTheAbsoluteTimeout) {
  spec_.absolute = 1h;
  SessionPersistence rule = make();
  SessionToken token = token_of(rule, 0, kNow);
  token.seen += 3599;  // use does not prolong it

  EXPECT_EQ(verdict(rule, token, kNow + 1h - 1s), SessionVerdict::kValid);
  EXPECT_EQ(verdict(rule, token, kNow + 1h), SessionVerdict::kExpired);
}

TEST_F(SessionPersistenceTest, EndsAfterTheIdleTimeout) {
  spec_.idle = 60s;
  SessionPersistence rule = make();
  SessionToken token = token_of(rule, 0, kNow);

  EXPECT_EQ(verdict(rule, token, kNow + 60s), SessionVerdict::kValid);
  EXPECT_EQ(verdict(rule, token, kNow + 61s), SessionVerdict::kIdle);
  token.seen += 50;
  EXPECT_EQ(verdict(rule, token, kNow + 110s), SessionVerdict::kValid);
}

TEST_F(SessionPersistenceTest, DoesNotBelieveTheFuture) {
  SessionPersistence rule = make();
  SessionToken token = token_of(rule, 0, kNow);

  EXPECT_EQ(verdict(rule, token, kNow - SessionPersistence::kMaxClockSkew), SessionVerdict::kValid);
  EXPECT_EQ(verdict(rule, token, kNow - SessionPersistence::kMaxClockSkew - 1s), SessionVerdict::kFuture);
}

TEST_F(SessionPersistenceTest, TheClientGetsATokenOnce) {
  SessionPersistence rule = make();
  FoundSession valid{SessionVerdict::kValid, 0, token_of(rule, 0, kNow)};
  FoundSession expired{SessionVerdict::kExpired, 0, valid.token};

  EXPECT_FALSE(rule.next(valid, 0, kEndpoint, kNow + 5s));
  EXPECT_TRUE(rule.next(expired, 0, kEndpoint, kNow + 5s));
  EXPECT_TRUE(rule.next({}, 0, kEndpoint, kNow));
}

TEST_F(SessionPersistenceTest, AnotherEndpointBeginsAnotherSession) {
  SessionPersistence rule = make();
  FoundSession valid{SessionVerdict::kValid, 0, token_of(rule, 0, kNow)};

  std::optional<SessionToken> next = rule.next(valid, 1, kEndpoint + 1, kNow + 5s);

  ASSERT_TRUE(next);
  EXPECT_EQ(next->endpoint, kEndpoint + 1);
  EXPECT_NE(next->backend, valid.token.backend);
  EXPECT_EQ(next->begun, session_seconds(kNow) + 5);
}

TEST_F(SessionPersistenceTest, EveryAnswerPutsTheIdleTimeoutOff) {
  spec_.idle = 60s;
  SessionPersistence rule = make();
  FoundSession valid{SessionVerdict::kValid, 0, token_of(rule, 0, kNow)};

  std::optional<SessionToken> next = rule.next(valid, 0, kEndpoint, kNow + 5s);

  ASSERT_TRUE(next);
  EXPECT_EQ(next->begun, valid.token.begun);
  EXPECT_EQ(next->seen, valid.token.begun + 5);
  EXPECT_FALSE(rule.next(valid, 0, kEndpoint, kNow)) << "the same second says nothing new";
}

TEST_F(SessionPersistenceTest, WritesACookieOfThePathThatMatched) {
  SessionPersistence rule = make();
  SessionToken token = token_of(rule, 0, kNow);

  EXPECT_EQ(written(rule, token), str_cat("s=", text_of(token), "; Path=/; HttpOnly; SameSite=Lax"));
  EXPECT_EQ(written(rule, token, 1), str_cat("s=", text_of(token), "; Path=/shop; HttpOnly; SameSite=Lax"));
}

TEST_F(SessionPersistenceTest, APermanentCookieLastsAsLongAsItsSession) {
  spec_.absolute = 1h;
  spec_.idle = 10min;
  spec_.permanent = true;
  SessionPersistence rule = make();
  SessionToken token = token_of(rule, 0, kNow);

  EXPECT_TRUE(written(rule, token).ends_with("; Max-Age=3600"));
  EXPECT_TRUE(written(rule, token, 0, kNow + 50min).ends_with("; Max-Age=600"));
}

TEST_F(SessionPersistenceTest, ACookieStandsBesideTheApplicationsAHeaderInItsPlace) {
  SessionPersistence cookie = make();
  spec_.type = SessionType::kHeader;
  SessionPersistence header = make();
  SessionToken token = token_of(header, 0, kNow);
  HeaderMap answer(blocks_);
  ASSERT_TRUE(answer.add("set-cookie", "a=1"));
  ASSERT_TRUE(answer.add("s", "old"));

  ASSERT_TRUE(cookie.write(token, 0, kNow, answer));
  ASSERT_TRUE(header.write(token, 0, kNow, answer));

  EXPECT_EQ(answer.size(), 3U);
  EXPECT_EQ(answer.get("set-cookie"), "a=1");
  EXPECT_EQ(answer.get("s"), text_of(token));
}

TEST_F(SessionPersistenceTest, ReadsTheHeaderItWrites) {
  spec_.type = SessionType::kHeader;
  SessionPersistence rule = make();
  HeaderMap fields(blocks_);
  ASSERT_TRUE(rule.write(token_of(rule, 0, kNow), 0, kNow, fields));

  EXPECT_TRUE(rule.read(fields, kNow));
}

TEST_F(SessionPersistenceTest, MakesANameUpThatIsTheRulesOwn) {
  spec_.name.clear();
  std::string name = make().name();

  EXPECT_EQ(name.size(), std::string_view("heddle-session-01234567").size());
  EXPECT_TRUE(name.starts_with("heddle-session-"));
  EXPECT_EQ(make().name(), name);
  EXPECT_NE(make("other").name(), name);
  EXPECT_NE(make("r", "named").name(), name);
  spec_.type = SessionType::kHeader;
  EXPECT_EQ(make().name(), "x-session-persistence");
}

TEST_F(SessionPersistenceTest, AllocatesNothingForARequest) {
  spec_.idle = 60s;
  SessionPersistence rule = make();
  HeaderMap request(blocks_);
  HeaderMap answer(blocks_);
  ASSERT_TRUE(answer.add("server", "x"));
  ASSERT_TRUE(request.add("cookie", str_cat("s=", text_of(token_of(rule, 1, kNow)))));
  AllocationCounter allocations;

  FoundSession found = rule.read(request, kNow);
  std::optional<SessionToken> next = rule.next(found, 1, kEndpoint, kNow + 1s);
  bool fits = next && rule.write(*next, 0, kNow, answer);

  EXPECT_EQ(allocations.count(), 0U);
  EXPECT_TRUE(fits);
}

std::string cookie_path(PathMatchType type, std::string value) { return session_cookie_path({type, std::move(value)}); }

TEST(SessionCookiePath, IsThatOfTheMatch) {
  EXPECT_EQ(cookie_path(PathMatchType::kPrefix, "/"), "/");
  EXPECT_EQ(cookie_path(PathMatchType::kPrefix, "/a/b/"), "/a/b");
  EXPECT_EQ(cookie_path(PathMatchType::kExact, "/a/b"), "/a/b");
  EXPECT_EQ(cookie_path(PathMatchType::kExact, "/a/b;v=1/c"), "/a") << "';' would end the attribute";
  EXPECT_EQ(cookie_path(PathMatchType::kExact, "/a;b"), "/");
}

TEST(SessionCookiePath, OfAnExpressionIsThePlainPart) {
  EXPECT_EQ(cookie_path(PathMatchType::kRegex, "/p1/p2/.*/p3"), "/p1/p2");
  EXPECT_EQ(cookie_path(PathMatchType::kRegex, "/api.*"), "/") << "/apis matches, too";
  EXPECT_EQ(cookie_path(PathMatchType::kRegex, "/a/b"), "/a/b");
  EXPECT_EQ(cookie_path(PathMatchType::kRegex, "/a/b|/c"), "/");
  EXPECT_EQ(cookie_path(PathMatchType::kRegex, "(?i)/a/b"), "/");
  EXPECT_EQ(cookie_path(PathMatchType::kRegex, ".*"), "/");
}

TEST(SessionCookiePath, IsShortEnoughForBrowsers) {
  std::string path = session_cookie_path({PathMatchType::kExact, "/a/" + std::string(2000, 'x')});

  EXPECT_EQ(path, "/a");
}
}  // namespace
}  // namespace heddle
