#include "proxy/telemetry/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/telemetry/log_format.h"
#include "tests/support/access_records.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;
using Mode = AccessLogPolicy::Mode;

std::string line_of(const AccessRecord& record) {
  std::string out;
  append_json_line(out, record);
  return out;
}

TEST(AccessLogFormat, WritesEveryField) {
  EXPECT_EQ(line_of(sample_access_record()),
            R"({"start_time":"2026-01-31T12:34:56.789Z","direction":"outbound","method":"GET","path":"/a",)"
            R"("protocol":"HTTP/1.1","authority":"hello","request_id":"0af7651916cd43dd8448eb211c80319c",)"
            R"("response_code":200,"response_flags":"-","response_code_details":"via_upstream","bytes_received":3,)"
            R"("bytes_sent":1024,"duration":12.345,"upstream_service_time":10.000,"upstream_host":"[::1]:15006",)"
            R"("upstream_cluster":"hello-backends","upstream_protocol":"HTTP/2","upstream_response_code":200,)"
            R"("upstream_tls":true,"upstream_reused":false,"tries":1,"downstream_remote_address":"127.0.0.1:40000",)"
            R"("downstream_peer":"ns/shop/sa/web","downstream_tls":false,"service_name":"hello",)"
            R"("route_name":"hello-route","config_version":42,"worker":1})"
            "\n");
}

TEST(AccessLogFormat, WritesNullForWhatIsUnset) {
  std::string line = line_of(AccessRecord{});

  EXPECT_THAT(line, HasSubstr(R"("method":null)"));
  EXPECT_THAT(line, HasSubstr(R"("response_code":null)"));
  EXPECT_THAT(line, HasSubstr(R"("upstream_host":null)"));
  EXPECT_THAT(line, HasSubstr(R"("upstream_service_time":null)"));
  EXPECT_THAT(line, HasSubstr(R"("downstream_peer":null)"));
}

TEST(AccessLogFormat, NamesTheReasonAndItsFlag) {
  AccessRecord record = sample_access_record();
  record.status = 503;
  record.reason = Reason::kNoHealthyEndpoint;

  EXPECT_THAT(line_of(record), HasSubstr(R"("response_flags":"UH","response_code_details":"no-healthy-endpoint")"));
}

TEST(AccessLogFormat, NamesTheLimitThatRefused) {
  AccessRecord record = sample_access_record();
  EXPECT_THAT(line_of(record), Not(HasSubstr("\"limit")));
  record.limit = TrafficLimit::kPendingRequests;
  record.limit_value = 20;

  EXPECT_THAT(line_of(record), HasSubstr(R"("limit":"pendingRequests","limit_value":20,)"));
}

TEST(AccessLogFormat, FlagsADelayThatWasInjected) {
  AccessRecord record = sample_access_record();
  record.flags.set(AccessFlag::kDelayed);
  EXPECT_THAT(line_of(record), HasSubstr(R"("response_flags":"DI")"));

  record.reason = Reason::kFaultAbort;
  EXPECT_THAT(line_of(record), HasSubstr(R"("response_flags":"DI,FI","response_code_details":"fault-abort")"));
}

TEST(AccessLogFormat, NamesThePolicyInPlaceOfARoute) {
  AccessRecord record = sample_access_record();
  record.route.assign("shop/cart");
  record.flags.set(AccessFlag::kAuthzDenied);
  record.authz_rule = 2;

  EXPECT_THAT(line_of(record),
              HasSubstr(R"("route_name":null,"authz_action":"deny","authz_policy":"shop/cart","authz_rule":2,)"));

  record.authz_rule = AccessRecord::kNoAuthzRule;
  EXPECT_THAT(line_of(record), HasSubstr(R"("authz_policy":"shop/cart","config_version")"));
}

TEST(AccessLogFormat, NamesTheLimitInPlaceOfARoute) {
  AccessRecord record = sample_access_record();
  record.route.assign("shop/cart/per-caller");
  record.flags.set(AccessFlag::kRateLimited);
  record.reason = Reason::kRateLimited;

  EXPECT_THAT(line_of(record), HasSubstr(R"("response_flags":"RL","response_code_details":"rate-limited")"));
  EXPECT_THAT(line_of(record), HasSubstr(R"("route_name":null,"rate_limit":"shop/cart/per-caller","config_version")"));
}

TEST(AccessLogFormat, DoesNotGuessTheProtocolOfAnEndpointItDidNotReach) {
  AccessRecord record;
  record.upstream.assign(*Address::parse("10.0.0.1:80"));

  std::string line = line_of(record);

  EXPECT_THAT(line, HasSubstr(R"("upstream_host":"10.0.0.1:80")"));
  EXPECT_THAT(line, HasSubstr(R"("upstream_protocol":null)"));
}

TEST(AccessLogFormat, CannotBeBrokenByAPeer) {
  AccessRecord record;
  record.method.assign("G\"E\nT");
  record.authority.assign(std::string_view("\0\x1b[2J\xff", 6));

  std::string line = line_of(record);

  EXPECT_THAT(line, HasSubstr(R"("method":"G\"E\nT")"));
  EXPECT_THAT(line, HasSubstr(R"("authority":"\u0000\u001b[2J\ufffd")"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(AccessLogFormat, SaysWhenATextWasCut) {
  AccessRecord record;
  record.set_path("/" + std::string(200, 'a') + "?q");

  std::string line = line_of(record);

  EXPECT_THAT(line, HasSubstr("\"/" + std::string(93, 'a') + "\",\"path_truncated\":true"));
  EXPECT_THAT(line, Not(HasSubstr("method_truncated")));
}

TEST(AccessRecord, NeverHoldsAQuery) {
  AccessRecord record;

  record.set_path("/login?password=x");

  EXPECT_EQ(record.path.view(), "/login");
}

TEST(AccessRecord, KeepsAddressesOfBothFamilies) {
  AccessRecord record;
  record.upstream.assign(*Address::parse("10.1.2.3:80"));
  record.downstream.assign(*Address::parse("[2001:db8::1]:65535"));

  EXPECT_EQ(record.upstream.address().text(), "10.1.2.3:80");
  EXPECT_EQ(record.downstream.address().text(), "[2001:db8::1]:65535");
}

TEST(AccessRecord, LeavesAUnixSocketUnset) {
  AccessRecord record;

  record.upstream.assign(*Address::parse("unix:/run/app.sock"));

  EXPECT_FALSE(record.upstream.is_set());
}

TEST(AccessLog, WritesOnlyErrorsByDefault) {
  AccessRing ring(4);
  AccessLog log({}, ring);

  EXPECT_FALSE(log.wants(200, Reason::kNone));
  EXPECT_FALSE(log.wants(404, Reason::kNone)) << "the application's own answer";
  EXPECT_TRUE(log.wants(404, Reason::kRouteNotFound));
  EXPECT_TRUE(log.wants(500, Reason::kNone));
  EXPECT_TRUE(log.wants(200, Reason::kUpstreamReset));
}

TEST(AccessLog, WhatARouteAsksForIsNoError) {
  AccessRing ring(4);
  AccessLog log({}, ring);

  EXPECT_FALSE(log.wants(301, Reason::kRouteRedirect));
  EXPECT_FALSE(log.wants(204, Reason::kCorsPreflight));
  EXPECT_FALSE(log.wants(418, Reason::kDirectResponse));
  EXPECT_TRUE(log.wants(503, Reason::kDirectResponse));
  EXPECT_TRUE(log.wants(429, Reason::kFaultAbort));
}

TEST(AccessLog, ObeysAPolicyThatChanges) {
  AccessRing ring(4);
  AccessLog log({.mode = Mode::kOff}, ring);

  EXPECT_FALSE(log.wants(500, Reason::kInternal));
  log.set_policy({.mode = Mode::kAll});

  EXPECT_TRUE(log.wants(200, Reason::kNone));
}

TEST(AccessLog, SamplesSuccessesAndKeepsEveryError) {
  AccessRing ring(4);
  AccessLog log({.mode = Mode::kSample, .one_in = 10}, ring);
  int wanted = 0;

  for (int i = 0; i < 1000; ++i) wanted += log.wants(200, Reason::kNone) ? 1 : 0;

  EXPECT_EQ(wanted, 100);
  EXPECT_TRUE(log.wants(503, Reason::kDraining));
}

TEST(AccessRing, KeepsTheOrder) {
  AccessRing ring(4);
  AccessRecord record;
  for (uint16_t i = 1; i <= 3; ++i) {
    record.status = i;
    EXPECT_TRUE(ring.push(record));
  }
  std::vector<int> seen;

  EXPECT_EQ(ring.drain([&](const AccessRecord& r) { seen.push_back(r.status); }), 3U);

  EXPECT_THAT(seen, testing::ElementsAre(1, 2, 3));
}

TEST(AccessRing, DropsAndCountsWhenFull) {
  AccessRing ring(4);
  AccessRecord record;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(record));

  EXPECT_FALSE(ring.push(record));
  EXPECT_FALSE(ring.push(record));
  EXPECT_EQ(ring.dropped(), 2U);
  ring.drain([](const AccessRecord&) {});

  EXPECT_TRUE(ring.push(record));
}

TEST(AccessLogFormat, SaysThatACallerOfAnotherTrustDomainWasDeniedForThat) {
  AccessRecord record = sample_access_record();
  record.route.assign("none");
  record.flags.set(AccessFlag::kAuthzDenied);
  record.flags.set(AccessFlag::kAuthzForeign);

  EXPECT_THAT(line_of(record),
              HasSubstr(R"("route_name":null,"authz_action":"deny","authz_policy":"none","authz_cause":"foreign",)"));
}
}  // namespace
}  // namespace heddle
