#include "proxy/telemetry/traffic_totals.h"

#include <gtest/gtest.h>

#include "proxy/telemetry/proxy_metrics.h"

namespace heddle {
namespace {
constexpr RequestLabels kOut{Direction::kOutbound, "web", "r", "b"};
constexpr RequestLabels kOther{Direction::kOutbound, "shop", "r", "b"};
constexpr RequestLabels kIn{Direction::kInbound, "web", "", ""};

TEST(TrafficTotals, OfNothingAreZero) {
  Registry registry;

  EXPECT_EQ(traffic_totals(registry), SidecarTraffic{});
}

TEST(TrafficTotals, SumRoutesAndKeepDirectionsApart) {
  Registry registry;
  RequestMetrics web(registry, kOut);
  RequestMetrics shop(registry, kOther);
  RequestMetrics in(registry, kIn);

  web.on_finished(200, Reason::kNone, 3ms);
  shop.on_finished(404, Reason::kNone, 3ms);
  in.on_finished(200, Reason::kNone, 3ms);

  SidecarTraffic totals = traffic_totals(registry);
  EXPECT_EQ(totals.outbound.requests, 2U);
  EXPECT_EQ(totals.outbound.errors, 0U);
  EXPECT_EQ(totals.outbound.timed, 2U);
  EXPECT_EQ(totals.outbound.latency_us, 6000U);
  EXPECT_EQ(totals.outbound.within[2], 0U);
  EXPECT_EQ(totals.outbound.within[3], 2U);
  EXPECT_EQ(totals.inbound.requests, 1U);
}

TEST(TrafficTotals, TellErrorsFromRejects) {
  Registry registry;
  RequestMetrics web(registry, kOut);

  web.on_finished(500, Reason::kNone, 1ms);
  web.on_finished(503, Reason::kUpstreamConnectRefused, 1ms);
  web.on_finished(403, Reason::kAuthzDenied, 1ms);
  web.on_finished(429, Reason::kRateLimited, 1ms);
  web.on_finished(503, Reason::kRequestOverflow, 1ms);
  web.on_finished(429, Reason::kNone, 1ms);  // the upstream's own

  SidecarTraffic totals = traffic_totals(registry);
  EXPECT_EQ(totals.outbound.requests, 6U);
  EXPECT_EQ(totals.outbound.errors, 2U);
  EXPECT_EQ(totals.outbound.rejects, 3U);
}
}  // namespace
}  // namespace heddle
