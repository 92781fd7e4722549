// The pure parts of KubeClient: errors, paths, tokens, and when a call is made again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/kube/kube_discovery.h"
#include "control/kube/kube_limits.h"
#include "lib/base/strings.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
using testing::HasSubstr;

constexpr std::string_view kExpired = R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"too old",
  "reason":"Expired","details":{"causes":[{"reason":"A","message":"b","field":"c.d"}],"retryAfterSeconds":3},"code":410})";

TEST(KubeStatus, ReadsAStatus) {
  KubeStatus status = KubeStatus::of(RpcResponse::json(410, std::string(kExpired)));

  EXPECT_EQ(status.code, 410);
  EXPECT_EQ(status.reason, "Expired");
  EXPECT_TRUE(status.is_expired());
  EXPECT_EQ(status.retry_after, 3s);
  ASSERT_EQ(status.causes.size(), 1U);
  EXPECT_EQ(status.causes[0].field, "c.d");
  EXPECT_EQ(status.to_error().detail, "the API server answered 410 Expired: too old");
}

TEST(KubeStatus, TheHeaderWinsOverTheDetails) {
  RpcResponse response = RpcResponse::json(429, std::string(kExpired));
  response.headers.emplace_back("retry-after", "7");

  EXPECT_EQ(KubeStatus::of(response).retry_after, 7s);
}

TEST(KubeStatus, WhatIsNoStatusIsShownShortened) {
  KubeStatus status = KubeStatus::of(RpcResponse::text(503, std::string(5000, 'x')));

  EXPECT_EQ(status.code, 503);
  EXPECT_TRUE(status.is_busy());
  EXPECT_EQ(status.message.size(), 200U);
  EXPECT_EQ(status.to_error().reason, Reason::kUnavailable);
}

TEST(KubeStatus, AnAnswerThatIsNoJsonIsAnError) {
  KubeAnswer answer = KubeAnswer::of(RpcResponse::text(200, "<html>"));

  ASSERT_TRUE(answer.failure.has_value());
  EXPECT_EQ(answer.failure->to_error().reason, Reason::kUpstreamProtocolError);
}

TEST(KubeStatus, CodesBecomeReasons) {
  auto reason = [](uint16_t code) { return KubeStatus::of(RpcResponse::json(code, "{}")).to_error().reason; };
  EXPECT_EQ(reason(401), Reason::kUnauthenticated);
  EXPECT_EQ(reason(403), Reason::kForbidden);
  EXPECT_EQ(reason(404), Reason::kNotFound);
  EXPECT_EQ(reason(409), Reason::kConflict);
  EXPECT_EQ(reason(422), Reason::kConfigInvalid);
  EXPECT_EQ(reason(429), Reason::kRateLimited);
  EXPECT_EQ(reason(500), Reason::kUnavailable);
}

TEST(KubeResource, HasThePathsOfTheApi) {
  KubeResource slices{"discovery.k8s.io", "v1", "endpointslices"};
  KubeResource pods{"", "v1", "pods"};
  EXPECT_EQ(slices.path(), "/apis/discovery.k8s.io/v1/endpointslices");
  EXPECT_EQ(slices.path("a", "b", "status"), "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices/b/status");
  EXPECT_EQ(pods.path("a"), "/api/v1/namespaces/a/pods");
  EXPECT_EQ(pods.path("a/../b", "c?d"), "/api/v1/namespaces/a%2F..%2Fb/pods/c%3Fd");
  EXPECT_EQ(pods.group_version(), "v1");
}

// A token file whose content a test sets.
class KubeTokenTest : public testing::Test {
 protected:
  std::string get() {
    Result<std::string> out = token.get();
    return out ? *out : str_cat("(", out.error().text(), ")");
  }
  ManualScheduler scheduler;
  Result<std::string> content = std::string("one\n");
  int reads = 0;
  KubeToken token{scheduler, [this] {
                    ++reads;
                    return content;
                  }};
};

TEST_F(KubeTokenTest, IsTrimmedAndReadAgainWithinAMinute) {
  EXPECT_EQ(get(), "one");
  content = std::string(" two ");
  scheduler.advance(kKubeTokenPeriod - 1ms);
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(reads, 1);
  scheduler.advance(1ms);
  EXPECT_EQ(get(), "two");
}

TEST_F(KubeTokenTest, IsReadAgainAtOnceAfterARefusal) {
  EXPECT_EQ(get(), "one");
  content = std::string("two");
  token.on_refused();
  EXPECT_EQ(get(), "two");
}

TEST_F(KubeTokenTest, TheLastOneGoesOnWhileTheFileCannotBeRead) {
  EXPECT_EQ(get(), "one");
  content = make_error(Reason::kIo, "gone");
  scheduler.advance(kKubeTokenPeriod);
  EXPECT_EQ(get(), "one");
}

TEST_F(KubeTokenTest, WhatCannotBeATokenIsRefused) {
  content = make_error(Reason::kIo, "gone");
  EXPECT_THAT(get(), HasSubstr("gone"));
  content = std::string("a\nb");
  EXPECT_THAT(get(), HasSubstr("a character"));
  content = std::string(kMaxKubeToken + 1, 'x');
  EXPECT_THAT(get(), HasSubstr("64 KiB"));
}

class KubeRetryTest : public testing::Test {
 protected:
  static KubeStatus code(uint16_t code, std::optional<Duration> retry_after = {}) {
    KubeStatus out;
    out.code = code;
    out.retry_after = retry_after;
    return out;
  }
  static KubeStatus lost(Reason why) { return KubeStatus::of(make_error(why, "")); }
  static constexpr MonoTime kNow{1000s};
  SeededRandom random;
  KubeRetry reads{random, true, kNow + 30s};
  KubeRetry writes{random, false, kNow + 30s};
};

TEST_F(KubeRetryTest, WhatWasNotDoneIsDoneAgain) {
  EXPECT_TRUE(writes.after(code(429), kNow).has_value());
  EXPECT_TRUE(writes.after(code(503), kNow).has_value());
  EXPECT_TRUE(writes.after(lost(Reason::kUpstreamConnectRefused), kNow).has_value());
}

TEST_F(KubeRetryTest, WhatMayHaveBeenDoneIsDoneAgainOnlyIfItReads) {
  for (const KubeStatus& status : {code(500), code(504), lost(Reason::kUpstreamReset), lost(Reason::kTimeout)}) {
    EXPECT_FALSE(writes.after(status, kNow).has_value());
    EXPECT_TRUE(reads.after(status, kNow).has_value());
  }
}

TEST_F(KubeRetryTest, WhatWouldBeTheSameAgainStands) {
  for (const KubeStatus& status : {code(400), code(403), code(404), code(409), code(410), code(422),
                                   lost(Reason::kTooLarge), lost(Reason::kUpstreamProtocolError)}) {
    EXPECT_FALSE(reads.after(status, kNow).has_value());
  }
}

TEST_F(KubeRetryTest, A401IsTriedAgainOnceAtOnce) {
  EXPECT_EQ(writes.after(code(401), kNow), Duration(0));
  EXPECT_FALSE(writes.after(code(401), kNow).has_value());
}

TEST_F(KubeRetryTest, WaitsAsLongAsTheServerSaysButNotBeyondTheEnd) {
  EXPECT_GE(reads.after(code(429, 20s), kNow), 20s);
  EXPECT_FALSE(reads.after(code(429, 40s), kNow).has_value());
}

JsonValue resources(std::string_view name, std::string_view kind, std::string_view verbs = R"("list","watch")") {
  return *JsonValue::parse(str_cat(R"({"resources":[{"name":")", name, R"(","kind":")", kind, R"(","verbs":[)", verbs,
                                   R"(]},{"name":")", name, R"(/status","kind":")", kind, R"(","verbs":["get"]}]})"));
}

TEST(KubeServed, EndpointsAreWhereTheNewestFormIs) {
  KubeServed served;
  EXPECT_EQ(served.endpoints(), (KubeResource{"", "v1", "endpoints"}));
  ASSERT_TRUE(served.add_resources("discovery.k8s.io", "v1beta1", resources("endpointslices", "EndpointSlice")));
  EXPECT_EQ(served.endpoints().version, "v1beta1");
  ASSERT_TRUE(served.add_resources("discovery.k8s.io", "v1", resources("endpointslices", "EndpointSlice")));
  EXPECT_EQ(served.endpoints(), (KubeResource{"discovery.k8s.io", "v1", "endpointslices"}));
  EXPECT_EQ(served.kind(served.endpoints()), "EndpointSlice");
}

TEST(KubeServed, ThePreferredVersionComesFirst) {
  KubeServed served;
  ASSERT_TRUE(served.add_groups(*JsonValue::parse(R"({"groups":[{"name":"g","versions":[{"version":"v1beta1"},
      {"version":"v1"}],"preferredVersion":{"version":"v1"}}]})")));
  EXPECT_THAT(served.versions("g"), testing::ElementsAre("v1", "v1beta1"));
  EXPECT_EQ(served.find("g", "things"), std::nullopt);
  ASSERT_TRUE(served.add_resources("g", "v1beta1", resources("things", "Thing")));
  EXPECT_EQ(served.find("g", "things")->version, "v1beta1") << "the preferred one has none";
}

TEST(KubeServed, WhatCannotBeWatchedIsNotServed) {
  KubeServed served;
  ASSERT_TRUE(served.add_resources("g", "v1", resources("things", "Thing", R"("get","create")")));
  EXPECT_FALSE(served.has({"g", "v1", "things"}));
  EXPECT_FALSE(served.add_groups(*JsonValue::parse("{}")).has_value());
}
}  // namespace
}  // namespace heddle
