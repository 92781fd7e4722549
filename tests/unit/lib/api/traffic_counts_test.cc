#include "lib/api/traffic_counts.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
TrafficCounts counts(uint64_t requests, uint64_t errors) {
  TrafficCounts out;
  out.requests = out.timed = requests;
  out.errors = errors;
  out.latency_us = requests * 1000;
  return out;
}

TEST(TrafficCounts, ComeBackFromTheCountersOfAReport) {
  SidecarTraffic traffic{counts(100, 3), counts(7, 0)};
  traffic.inbound.rejects = 2;
  traffic.outbound.within[4] = 99;

  EXPECT_EQ(traffic_of(to_counters(traffic)), traffic);
}

TEST(TrafficCounts, AReportWithoutThemTellsOfNoTraffic) {
  EXPECT_FALSE(traffic_of({}).has_value());
  EXPECT_FALSE(traffic_of({{"requests", 5}}).has_value());
  EXPECT_TRUE(traffic_of({{"inbound.requests", 0}, {"future", 1}}).has_value());
}

TEST(TrafficCounts, TellWhatCameSince) {
  TrafficCounts later = counts(100, 5).since(counts(60, 1));

  EXPECT_EQ(later.requests, 40U);
  EXPECT_DOUBLE_EQ(later.error_rate(), 0.1);
  EXPECT_DOUBLE_EQ(later.mean_us(), 1000);
}

TEST(TrafficCounts, ANumberThatWentBackSaysNothing) {
  EXPECT_EQ(counts(10, 0).since(counts(60, 1)), TrafficCounts{});
  EXPECT_EQ(counts(100, 0).since(counts(60, 1)), TrafficCounts{});
}

TEST(TrafficCounts, AQuantileLiesBetweenTheBoundsOfItsBucket) {
  TrafficCounts out = counts(10, 0);
  for (size_t i = 2; i < out.within.size(); ++i) out.within[i] = 10;  // all between 1 and 2.5 ms

  EXPECT_DOUBLE_EQ(*out.quantile_us(0.5), 1750);
  EXPECT_FALSE(TrafficCounts{}.quantile_us(0.5).has_value());
}

TEST(TrafficCounts, WhatIsAboveEveryBoundIsTheLastOne) {
  EXPECT_DOUBLE_EQ(*counts(10, 0).quantile_us(0.5), kTrafficBounds.back());
}
}  // namespace
}  // namespace heddle
