#include "proxy/exchange/request_limits.h"

#include <gtest/gtest.h>

#include "certs/peer_certificate.h"
#include "lib/base/strings.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
const SpiffeId kApp = *SpiffeId::parse("spiffe://td/ns/default/sa/app");
constexpr MonoTime kNow(1000s);

std::string rate_policy(std::string_view name, std::string_view spec, std::string_view ns = "default") {
  return str_cat("{apiVersion: heddle.dev/v1, kind: RateLimitPolicy, metadata: {name: ", name, ", namespace: ", ns,
                 "}, spec: {", spec, "}}\n---\n");
}
std::string per_hour(std::string_view name, int requests, std::string_view more = "") {
  return str_cat("{name: ", name, ", requests: ", std::to_string(requests), ", per: 1h", more, "}");
}

class RequestLimitsTest : public testing::Test {
 protected:
  ConnectionInfo caller(std::string_view id) {
    ConnectionInfo info;
    info.peer_certificate =
        std::make_shared<const PeerCertificate>(*PeerCertificate::from_x509(ca_.issue(id).chain.front().get()));
    return info;
  }
  RequestHead request(std::string_view path = "/") {
    RequestHead head(pool_);
    EXPECT_TRUE(head.set_method("GET") && head.set_path(path));
    return head;
  }
  bool passes(const ConnectionInfo& info, std::string_view path = "/", MonoTime now = kNow) {
    note_ = {};
    return limits_.is_open() || limits_.take(request(path), info, now, note_) == Reason::kNone;
  }
  int passed(const ConnectionInfo& info, std::string_view path = "/") {
    int out = 0;
    for (int i = 0; i < 20; ++i) out += passes(info, path) ? 1 : 0;
    return out;
  }
  void use(std::string_view yaml) { limits_.set_snapshot(snapshot_of(yaml)); }
  int64_t counted(std::string_view limit, std::string_view mode, std::string_view policy) {
    std::string line =
        str_cat("heddle_rate_limited_total{limit=\"", limit, "\",mode=\"", mode, "\",policy=\"", policy, "\"} ");
    std::string all = metrics_.render();
    size_t at = all.find(line);
    return at == std::string::npos ? -1 : std::atoll(all.c_str() + at + line.size());
  }
  std::string marked(bool is_grpc, HeaderName name) {
    ResponseHead head(pool_, 429);
    mark_rate_limited(note_, is_grpc, head);
    return std::string(head.fields().get(name).value_or("-"));
  }
  BlockPool pool_;
  TestCa ca_{"td"};
  Registry metrics_;
  RateTables tables_{{1, 2}};
  RequestLimits limits_{{metrics_, tables_, kApp, "default"}};
  RateNote note_;
  ConnectionInfo web_ = caller("spiffe://td/ns/default/sa/web");
  ConnectionInfo shop_ = caller("spiffe://td/ns/shop/sa/cart");
  ConnectionInfo stranger_;
};

TEST_F(RequestLimitsTest, AreOpenWithoutAPolicyForUs) {
  EXPECT_TRUE(limits_.is_open());
  use(rate_policy("p", str_cat("limits: [", per_hour("a", 1), "]"), "shop"));
  EXPECT_TRUE(limits_.is_open());
  use(rate_policy("p", str_cat("limits: [", per_hour("a", 1), "]")));
  EXPECT_FALSE(limits_.is_open());
  limits_.set_identity(*SpiffeId::parse("spiffe://td/ns/other/sa/app"));
  EXPECT_FALSE(limits_.is_open()) << "the bootstrap's namespace is ours, too";
  use(service_yaml("a"));
  EXPECT_TRUE(limits_.is_open());
}

TEST_F(RequestLimitsTest, NotesAndCountsARefusal) {
  use(rate_policy("p", str_cat("limits: [", per_hour("other", 9), ", ", per_hour("a", 2), "]")));
  ASSERT_TRUE(passes(web_));
  ASSERT_TRUE(passes(web_));

  EXPECT_FALSE(passes(web_));
  EXPECT_EQ(note_.policy->key.name, "p");
  EXPECT_EQ(note_.limit, 1U);
  EXPECT_EQ(note_.wait, 30min);
  EXPECT_EQ(counted("a", "enforce", "default/p"), 1);
  EXPECT_EQ(counted("other", "enforce", "default/p"), 0);
}

TEST_F(RequestLimitsTest, CountsCallersApart) {
  use(rate_policy("p", str_cat("limits: [", per_hour("a", 2, ", by: [{sourceIdentity: true}]"), "]")));

  EXPECT_EQ(passed(web_), 2);
  EXPECT_EQ(passed(shop_), 2);
  EXPECT_EQ(passed(stranger_), 2);
}

TEST_F(RequestLimitsTest, WhoIsRefusedByOneLimitTakesNothingFromOthers) {
  std::string of_a = per_hour("narrow", 1, ", matches: [{path: {value: /a}}]");
  use(rate_policy("p", str_cat("limits: [", per_hour("wide", 5), ", ", of_a, "]")));

  EXPECT_EQ(passed(web_, "/a"), 1);
  EXPECT_EQ(passed(web_, "/b"), 4);
}

TEST_F(RequestLimitsTest, AReportLetsInAndCounts) {
  use(rate_policy("p", str_cat("mode: report, limits: [", per_hour("a", 3), "]")));

  EXPECT_EQ(passed(web_), 20);
  EXPECT_EQ(note_.policy, nullptr);
  EXPECT_EQ(counted("a", "report", "default/p"), 17);
}

TEST_F(RequestLimitsTest, TellsWhoMayReadWhichLimitItWas) {
  use(rate_policy("p", str_cat("limits: [", per_hour("a", 1), "]")));
  passed(web_);

  EXPECT_EQ(marked(false, HeaderName::kHeddleReason), "rate-limited; policy=default/p; limit=a; version=0");
  passed(shop_);
  EXPECT_EQ(marked(false, HeaderName::kHeddleReason), "-");
  passed(stranger_);
  EXPECT_EQ(marked(false, HeaderName::kHeddleReason), "-");
}

TEST_F(RequestLimitsTest, TellsWhenToComeAgainRoundedUp) {
  use(rate_policy("p", "limits: [{name: a, requests: 2, per: 3s, burst: 1}]"));
  ASSERT_TRUE(passes(web_));
  ASSERT_FALSE(passes(web_, "/", kNow + 1us));

  EXPECT_EQ(marked(false, HeaderName::kRetryAfter), "2");
  ResponseHead head(pool_, 200);
  mark_rate_limited(note_, true, head);
  EXPECT_EQ(head.fields().get("grpc-retry-pushback-ms"), "1500");
}

TEST_F(RequestLimitsTest, BucketsSurviveWhatDoesNotChangeTheLimit) {
  std::string limit = per_hour("a", 2);
  use(rate_policy("p", str_cat("limits: [", limit, "]")));
  EXPECT_EQ(passed(web_), 2);

  use(rate_policy("p", str_cat("limits: [", limit, "]")) + service_yaml("a"));
  EXPECT_EQ(passed(web_), 0) << "something else changed";
  use(rate_policy("p", str_cat("limits: [", per_hour("new", 9), ", ", limit, "]")));
  EXPECT_EQ(passed(web_), 0) << "another limit came";
  use(rate_policy("p", str_cat("limits: [", per_hour("a", 2, ", matches: [{method: GET}]"), "]")));
  EXPECT_EQ(passed(web_), 0) << "other requests count";
}

TEST_F(RequestLimitsTest, AChangedLimitStartsFull) {
  use(rate_policy("p", str_cat("limits: [", per_hour("a", 2), "]")));
  EXPECT_EQ(passed(web_), 2);

  use(rate_policy("p", str_cat("limits: [", per_hour("a", 3), "]")));
  EXPECT_EQ(passed(web_), 3);
  use(rate_policy("p", str_cat("limits: [", per_hour("a", 3, ", by: [{sourceIdentity: true}]"), "]")));
  EXPECT_EQ(passed(web_), 3);
}

TEST_F(RequestLimitsTest, WorkersShareTheirBuckets) {
  RequestLimits other({metrics_, tables_, kApp, "default"});
  std::string yaml = rate_policy("p", str_cat("limits: [", per_hour("a", 2), "]"));
  use(yaml);
  other.set_snapshot(snapshot_of(yaml));

  ASSERT_EQ(other.take(request(), web_, kNow, note_), Reason::kNone);

  EXPECT_EQ(passed(web_), 1);
}

TEST_F(RequestLimitsTest, AskingAllocatesNothing) {
  use(rate_policy("p", str_cat("limits: [", per_hour("a", 100, ", by: [{sourceIdentity: true}, {header: x-a}]"), "]")));
  RequestHead head = request("/a?b");
  ASSERT_TRUE(head.fields().add("x-a", "b"));
  AllocationCounter allocations;

  Reason said = limits_.take(head, web_, kNow, note_);

  EXPECT_EQ(allocations.count(), 0U);
  EXPECT_EQ(said, Reason::kNone);
}
}  // namespace
}  // namespace heddle
