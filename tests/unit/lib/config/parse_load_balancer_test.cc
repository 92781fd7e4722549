// What `loadBalancer` of a BackendSet says, and what is refused.
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string set_with(std::string_view load_balancer) {
  return str_cat(
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: x}, spec: {loadBalancer: ", load_balancer, "}}");
}

LbSpec parsed_lb(std::string_view load_balancer) {
  Problems problems;
  std::optional<ParsedSpec> out = parse_resource(resources_of(set_with(load_balancer)).at(0), problems);
  EXPECT_TRUE(out.has_value()) << problems.text();
  return out ? std::get<std::shared_ptr<const BackendSetSpec>>(*out)->lb : LbSpec{};
}

std::string refused_lb(std::string_view load_balancer) { return spec_problems_of(set_with(load_balancer)); }

TEST(ParseLoadBalancer, ReadsEachKindOfKey) {
  EXPECT_EQ(parsed_lb("{policy: ringHash, hashOn: {header: X-User}}").hash_on, (HashOn{HashSource::kHeader, "x-user"}));
  EXPECT_EQ(parsed_lb("{policy: maglev, hashOn: {cookie: Session}}").hash_on, (HashOn{HashSource::kCookie, "Session"}));
  EXPECT_EQ(parsed_lb("{policy: maglev, hashOn: {path: true}}").hash_on, (HashOn{HashSource::kPath, ""}));
  EXPECT_EQ(parsed_lb("{policy: maglev, hashOn: {sourceIdentity: true}}").hash_on,
            (HashOn{HashSource::kSourceIdentity, ""}));
  EXPECT_EQ(parsed_lb("{policy: maglev, hashOn: {sourceAddress: true}}").hash_on,
            (HashOn{HashSource::kSourceAddress, ""}));
}

TEST(ParseLoadBalancer, NamesThePolicy) {
  EXPECT_EQ(parsed_lb("{}").policy, LbPolicy::kPeakEwma);
  EXPECT_EQ(to_text(parsed_lb("{policy: ringHash, hashOn: {path: true}}").policy), "ringHash");
  EXPECT_EQ(to_text(parsed_lb("{policy: maglev, hashOn: {path: true}}").policy), "maglev");
}

TEST(ParseLoadBalancer, AsksForAKeyExactlyWhereOneIsUsed) {
  EXPECT_EQ(refused_lb("{policy: maglev}"),
            "spec.loadBalancer.hashOn: is required: maglev keeps requests of one key together");
  EXPECT_EQ(refused_lb("{policy: random, hashOn: {path: true}}"),
            "spec.loadBalancer.hashOn: is for ringHash and maglev; random would ignore it");
  EXPECT_EQ(refused_lb("{hashOn: {path: true}}"),
            "spec.loadBalancer.hashOn: is for ringHash and maglev; peakEwma would ignore it");
}

TEST(ParseLoadBalancer, TakesOneKeyOnly) {
  EXPECT_EQ(refused_lb("{policy: maglev, hashOn: {path: true, cookie: a}}"),
            "spec.loadBalancer.hashOn: expected exactly one of header, cookie, sourceIdentity, sourceAddress, path");
  EXPECT_EQ(refused_lb("{policy: maglev, hashOn: {}}"),
            "spec.loadBalancer.hashOn: expected exactly one of header, cookie, sourceIdentity, sourceAddress, path");
  EXPECT_EQ(refused_lb("{policy: maglev, hashOn: {path: false}}"), "spec.loadBalancer.hashOn.path: expected true");
}

TEST(ParseLoadBalancer, ReadsSlowStart) {
  EXPECT_EQ(parsed_lb("{}").shape.slow_start.window, Duration{});
  EXPECT_EQ(parsed_lb("{slowStart: {window: 30s}}").shape.slow_start, (SlowStartSpec{30s, 1}));
  EXPECT_EQ(parsed_lb("{slowStart: {window: 1m, aggression: 2.5}}").shape.slow_start, (SlowStartSpec{1min, 2.5}));
}

TEST(ParseLoadBalancer, RefusesASlowStartThatCannotBe) {
  EXPECT_EQ(refused_lb("{slowStart: {}}"), "spec.loadBalancer.slowStart.window: is required");
  EXPECT_EQ(refused_lb("{slowStart: {window: 30s, aggression: 0.5}}"),
            "spec.loadBalancer.slowStart.aggression: is out of range (1-10)");
  EXPECT_EQ(refused_lb("{policy: maglev, hashOn: {path: true}, slowStart: {window: 30s}}"),
            "spec.loadBalancer.slowStart: is not for maglev: keys keep their endpoint");
}

TEST(ParseLoadBalancer, ReadsAPanicThresholdThatIsOffByDefault) {
  EXPECT_EQ(parsed_lb("{}").shape.panic_below, 0U);
  EXPECT_EQ(parsed_lb("{panicThreshold: 0}").shape.panic_below, 0U);
  EXPECT_EQ(parsed_lb("{policy: maglev, hashOn: {path: true}, panicThreshold: 50}").shape.panic_below, 50U);
  EXPECT_EQ(refused_lb("{panicThreshold: 101}"), "spec.loadBalancer.panicThreshold: 101 is out of range (0-100)");
}

TEST(ParseLoadBalancer, ReadsAMinimumHealthyShareThatIsOffByDefault) {
  EXPECT_EQ(parsed_lb("{}").shape.min_healthy, 0U);
  EXPECT_EQ(parsed_lb("{policy: maglev, hashOn: {path: true}, minHealthyPercent: 50}").shape.min_healthy, 50U);
  EXPECT_EQ(refused_lb("{minHealthyPercent: 101}"), "spec.loadBalancer.minHealthyPercent: 101 is out of range (0-100)");
  EXPECT_EQ(refused_lb("{minHealthyPercent: 50, panicThreshold: 50}"),
            "spec.loadBalancer.minHealthyPercent: stands beside panicThreshold: one leaves a set of few healthy "
            "endpoints, the other uses all of it");
  EXPECT_EQ(refused_lb("{minHealthyPercent: 50, panicThreshold: 0}"), "");
}

TEST(ParseLoadBalancer, ReadsZoneAware) {
  EXPECT_FALSE(parsed_lb("{}").shape.zone_aware);
  EXPECT_TRUE(parsed_lb("{zoneAware: true}").shape.zone_aware);
  EXPECT_EQ(refused_lb("{policy: maglev, hashOn: {path: true}, zoneAware: true}"),
            "spec.loadBalancer.zoneAware: is not for maglev: a key has one endpoint in all zones");
}

TEST(ParseLoadBalancer, RefusesNamesThatNoRequestHas) {
  EXPECT_EQ(refused_lb("{policy: maglev, hashOn: {header: 'a b'}}"),
            "spec.loadBalancer.hashOn.header: is not a header name");
  EXPECT_EQ(refused_lb("{policy: maglev, hashOn: {header: Cookie}}"),
            "spec.loadBalancer.hashOn.header: name the cookie: hashOn.cookie");
  EXPECT_EQ(refused_lb("{policy: maglev, hashOn: {header: host}}"),
            "spec.loadBalancer.hashOn.header: is not a field of a request: Host chooses the service");
  EXPECT_EQ(refused_lb("{policy: maglev, hashOn: {header: x-heddle-user}}"),
            "spec.loadBalancer.hashOn.header: is a header that sidecars remove from every request");
  EXPECT_EQ(refused_lb("{policy: maglev, hashOn: {cookie: 'a=b'}}"),
            "spec.loadBalancer.hashOn.cookie: is not the name of a cookie");
}
}  // namespace
}  // namespace heddle
