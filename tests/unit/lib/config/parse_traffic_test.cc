// TrafficPolicy: what one says by itself, and what is refused of it.
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string document(std::string_view spec) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: TrafficPolicy, metadata: {name: x}, spec: ", spec, "}");
}
std::string for_a(std::string_view rest) { return document(str_cat("{targetRef: {name: a}, ", rest, "}")); }

std::shared_ptr<const TrafficPolicySpec> parsed(const std::string& yaml) {
  Problems problems;
  std::optional<ParsedSpec> out = parse_resource(resources_of(yaml).at(0), problems);
  return out ? std::get<std::shared_ptr<const TrafficPolicySpec>>(*out) : nullptr;
}

TEST(ParseTrafficPolicy, ReadsEveryField) {
  auto policy =
      parsed(document("{targetRefs: [{kind: BackendSet, name: a}, {name: b}],"
                      " limits: {connections: 1, pendingRequests: 2, requests: 3, retries: 4},"
                      " timeouts: {connect: 10ms, pending: 20ms, connectionIdle: 1s, streamIdle: 2s, request: 3s,"
                      " maxGrpcTimeout: 4s}, hedge: {after: 50ms, nonIdempotent: true}}"));

  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->targets, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(policy->limits.connections, 1U);
  EXPECT_EQ(policy->limits.pending_requests, 2U);
  EXPECT_EQ(policy->limits.requests, 3U);
  EXPECT_EQ(policy->limits.retries, 4U);
  EXPECT_EQ(policy->timeouts.connect, Duration(10ms));
  EXPECT_EQ(policy->timeouts.pending, Duration(20ms));
  EXPECT_EQ(policy->timeouts.connection_idle, Duration(1s));
  EXPECT_EQ(policy->timeouts.stream_idle, Duration(2s));
  EXPECT_EQ(policy->timeouts.request, Duration(3s));
  EXPECT_EQ(policy->timeouts.max_grpc, Duration(4s));
  EXPECT_EQ(policy->hedge, (HedgeSpec{50ms, true}));
}

TEST(ParseTrafficPolicy, WhatIsAbsentIsNotSaid) {
  auto policy = parsed(for_a("limits: {requests: 1000000}, timeouts: {request: 0s}"));

  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->limits.requests, 1'000'000U);
  EXPECT_FALSE(policy->limits.connections);
  EXPECT_FALSE(policy->timeouts.connect);
  EXPECT_FALSE(policy->timeouts.max_grpc);
  EXPECT_FALSE(policy->hedge);
  EXPECT_EQ(policy->timeouts.request, Duration(0));
}

TEST(ParseTrafficPolicy, SaysAPartOfHowASetBalances) {
  auto policy = parsed(for_a("loadBalancer: {hashOn: {sourceAddress: true}, minHealthyPercent: 30, zoneAware: false}"));

  ASSERT_NE(policy, nullptr);
  ASSERT_TRUE(policy->lb);
  EXPECT_EQ(policy->lb->hash_on, (HashOn{HashSource::kSourceAddress, ""}));
  EXPECT_EQ(policy->lb->min_healthy, 30U);
  EXPECT_EQ(policy->lb->zone_aware, false);
  EXPECT_FALSE(policy->lb->policy);
  EXPECT_FALSE(policy->lb->panic_below);
  EXPECT_FALSE(policy->lb->slow_start);
  EXPECT_FALSE(parsed(for_a("limits: {}"))->lb);
}

TEST(ParseTrafficPolicy, RefusesOfBalancingWhatNoSetCouldSay) {
  EXPECT_EQ(spec_problems_of(for_a("loadBalancer: {policy: fastest, hashOn: {}, localityWeight: 1}")),
            "spec.loadBalancer.policy: expected one of peakEwma, leastRequest, roundRobin, random, ringHash, maglev\n"
            "spec.loadBalancer.hashOn: expected exactly one of header, cookie, sourceIdentity, sourceAddress, path\n"
            "spec.loadBalancer.localityWeight: unknown field");
}

struct Refusal {
  std::string yaml;
  const char* problem;
};
class TrafficPolicyRefuses : public testing::TestWithParam<Refusal> {};
TEST_P(TrafficPolicyRefuses, NamingTheField) { EXPECT_EQ(spec_problems_of(GetParam().yaml), GetParam().problem); }

INSTANTIATE_TEST_SUITE_P(
    Targets, TrafficPolicyRefuses,
    testing::Values(Refusal{document("{}"), "spec.targetRefs: is required: the backend sets it is for"},
                    Refusal{document("{targetRefs: []}"), "spec.targetRefs: is required: the backend sets it is for"},
                    Refusal{document("{targetRefs: [{name: a}, {name: a}]}"), "spec.targetRefs[1]: \"a\" stands twice"},
                    Refusal{document("{targetRef: {kind: Service, name: a}}"),
                            "spec.targetRef.kind: \"Service\" of group \"heddle.dev\" has no traffic limits; expected "
                            "BackendSet of group "
                            "\"heddle.dev\""}));

INSTANTIATE_TEST_SUITE_P(Limits, TrafficPolicyRefuses,
                         testing::Values(Refusal{for_a("limits: {connections: 0}"),
                                                 "spec.limits.connections: 0 is out of range (1-1000000)"},
                                         Refusal{for_a("limits: {requests: 1000001}"),
                                                 "spec.limits.requests: 1000001 is out of range (1-1000000)"},
                                         Refusal{for_a("limits: {pending: 1}"), "spec.limits.pending: unknown field"}));

INSTANTIATE_TEST_SUITE_P(
    Timeouts, TrafficPolicyRefuses,
    testing::Values(
        Refusal{for_a("timeouts: {connect: 9ms}"), "spec.timeouts.connect: 9ms is out of range (10ms-1m)"},
        Refusal{for_a("timeouts: {pending: 61s}"), "spec.timeouts.pending: 61s is out of range (10ms-1m)"},
        Refusal{for_a("timeouts: {streamIdle: 0s}"), "spec.timeouts.streamIdle: 0s is out of range (100ms-24h)"},
        Refusal{for_a("timeouts: {connectionIdle: 25h}"),
                "spec.timeouts.connectionIdle: 25h is out of range (100ms-24h)"},
        Refusal{for_a("timeouts: {request: '5'}"),
                "spec.timeouts.request: \"5\" is not a duration; write it as \"250ms\", \"5s\" or \"1m30s\""}));

INSTANTIATE_TEST_SUITE_P(
    Retries, TrafficPolicyRefuses,
    testing::Values(
        Refusal{for_a("retry: {attempts: 11}"), "spec.retry.attempts: 11 is out of range (1-10)"},
        Refusal{for_a("retry: {grpcStatuses: [OK]}"),
                "spec.retry.grpcStatuses[0]: \"OK\" is not a status of gRPC such as UNAVAILABLE or RESOURCE_EXHAUSTED"},
        Refusal{for_a("retry: {grpcStatuses: [unavailable]}"),
                "spec.retry.grpcStatuses[0]: \"unavailable\" is not a status of gRPC such as UNAVAILABLE or "
                "RESOURCE_EXHAUSTED"},
        Refusal{for_a("retry: {grpcStatuses: [ABORTED, ABORTED]}"), "spec.retry.grpcStatuses[1]: stands twice"},
        Refusal{for_a("retry: {nonIdempotent: 1}"), "spec.retry.nonIdempotent: expected true or false, got an integer"},
        Refusal{for_a("retryBudget: {percent: 101}"), "spec.retryBudget.percent: 101 is out of range (0-100)"},
        Refusal{for_a("retryBudget: {minPerSecond: -1}"),
                "spec.retryBudget.minPerSecond: -1 is out of range (0-100000)"}));

INSTANTIATE_TEST_SUITE_P(
    Hedges, TrafficPolicyRefuses,
    testing::Values(Refusal{for_a("hedge: {}"), "spec.hedge.after: is required"},
                    Refusal{for_a("hedge: {after: 9ms}"), "spec.hedge.after: 9ms is out of range (10ms-1m)"},
                    Refusal{for_a("hedge: {after: p95}"),
                            "spec.hedge.after: \"p95\" is not a duration; write it as \"250ms\", \"5s\" or \"1m30s\""},
                    Refusal{for_a("hedge: {after: 1s, maxTries: 3}"), "spec.hedge.maxTries: unknown field"},
                    Refusal{for_a("timeouts: {maxGrpcTimeout: 25h}"),
                            "spec.timeouts.maxGrpcTimeout: 25h is out of range (0s-24h)"}));

TEST(ParseTrafficPolicy, ReadsRetries) {
  auto policy =
      parsed(for_a("retry: {attempts: 3, codes: [500], grpcStatuses: [UNAVAILABLE, RESOURCE_EXHAUSTED], backoff: 5ms, "
                   "nonIdempotent: true}, retryBudget: {percent: 5, minPerSecond: 0}"));

  ASSERT_NE(policy, nullptr);
  RetrySpec wanted;
  wanted.attempts = 3;
  wanted.add_code(500);
  wanted.grpc.set(14).set(8);
  wanted.backoff = 5ms;
  wanted.any_method = true;
  EXPECT_EQ(policy->retry, wanted);
  EXPECT_EQ(policy->retry_budget, (RetryBudgetSpec{5, 0}));
}
}  // namespace
}  // namespace heddle
