#include "proxy/app/routers.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
RouteTarget target_of(const RouteTimeouts* rule, const TrafficPolicySpec* policy) {
  RouteTarget out;
  set_timeouts(rule, policy, out);
  return out;
}

TEST(TimeoutsOfARequest, AreNoneWhereNobodySaysAny) {
  RouteTarget target = target_of(nullptr, nullptr);

  EXPECT_FALSE(target.request_timeout);
  EXPECT_FALSE(target.try_timeout);
  EXPECT_FALSE(target.stream_idle);
  EXPECT_FALSE(target.max_grpc_timeout);
}

TEST(TimeoutsOfARequest, ArePolicysWhereTheRuleNamesNone) {
  TrafficPolicySpec policy;
  policy.timeouts.request = 5s;
  policy.timeouts.stream_idle = 2s;
  RouteTimeouts rule;
  rule.backend_request = 1s;

  EXPECT_EQ(target_of(nullptr, &policy).request_timeout, Duration(5s));
  EXPECT_EQ(target_of(&rule, &policy).request_timeout, Duration(5s));
  EXPECT_EQ(target_of(&rule, &policy).try_timeout, Duration(1s));
  EXPECT_EQ(target_of(&rule, &policy).stream_idle, Duration(2s));
}

TEST(TimeoutsOfARequest, AreTheRulesWhereItNamesThem) {
  TrafficPolicySpec policy;
  policy.timeouts.request = 5s;
  RouteTimeouts rule;
  rule.request = 9s;

  EXPECT_EQ(target_of(&rule, &policy).request_timeout, Duration(9s));
}

TEST(TimeoutsOfARequest, ZeroOfARuleSwitchesThePolicysOff) {
  TrafficPolicySpec policy;
  policy.timeouts.request = 5s;
  RouteTimeouts rule;
  rule.request = Duration(0);

  EXPECT_FALSE(target_of(&rule, &policy).request_timeout);
}

TEST(TimeoutsOfARequest, WhatCallersMayAskForIsThePolicysWhateverTheRuleSays) {
  TrafficPolicySpec policy;
  policy.timeouts.max_grpc = Duration(0);
  RouteTimeouts rule;
  rule.request = 9s;

  EXPECT_EQ(target_of(&rule, &policy).max_grpc_timeout, Duration(0)) << "zero says something here";
}

TEST(TimeoutsOfARequest, ZeroOfAPolicyIsNone) {
  TrafficPolicySpec policy;
  policy.timeouts.request = Duration(0);

  EXPECT_FALSE(target_of(nullptr, &policy).request_timeout);
}
}  // namespace
}  // namespace heddle
