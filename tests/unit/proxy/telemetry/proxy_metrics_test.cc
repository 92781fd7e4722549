#include "proxy/telemetry/proxy_metrics.h"
#include "proxy/telemetry/drain_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "lib/metrics/metric_docs.h"
#include "lib/metrics/process_metrics.h"
#include "proxy/telemetry/drain_metrics.h"
#include "proxy/telemetry/log_writer.h"
#include "proxy/telemetry/overload_metrics.h"
#include "tests/support/captured_log.h"
#include "tests/support/metric_docs_file.h"
#include "tests/support/promtool.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

constexpr RequestLabels kWeb{Direction::kOutbound, "web", "web-route", "web-v1"};

TEST(ProxyMetrics, CountRequestsByClassAndReason) {
  Registry registry;
  RequestMetrics metrics(registry, kWeb);

  metrics.on_finished(200, Reason::kNone, 3ms);
  metrics.on_finished(204, Reason::kNone, 3ms);
  metrics.on_finished(502, Reason::kUpstreamReset, 3ms);
  metrics.on_finished(200, Reason::kUpstreamReset, 3ms);
  metrics.on_finished(0, Reason::kDownstreamReset, 3ms);
  metrics.on_finished(999, Reason::kNone, 3ms);

  std::string text = registry.render();
  const std::string labels =
      R"(heddle_requests_total{direction="outbound",service="web",route="web-route",backend_set="web-v1",)";
  EXPECT_THAT(text, HasSubstr(labels + "code=\"2xx\",reason=\"none\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(labels + "code=\"5xx\",reason=\"upstream-reset\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(labels + "code=\"5xx\",reason=\"none\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(labels + "code=\"2xx\",reason=\"upstream-reset\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(labels + "code=\"none\",reason=\"downstream-reset\"} 1\n"));
}

TEST(ProxyMetrics, CountByReasonAndByText) {
  Registry registry;
  TlsMetrics tls(registry, "server");
  ListenerMetrics listener(registry, "inbound");

  tls.handshakes[Reason::kNone].add(2);
  tls.handshakes[Reason::kPeerCertificateMissing].add();
  listener.abuse["rapid-reset"].add();
  listener.abuse["rapid-reset"].add();

  std::string text = registry.render();
  EXPECT_THAT(text, HasSubstr("heddle_tls_handshakes_total{side=\"server\",result=\"ok\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("heddle_tls_handshakes_total{side=\"server\",result=\"peer-certificate-missing\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("heddle_abuse_total{listener=\"inbound\",kind=\"rapid-reset\"} 2\n"));
}

TEST(ProxyMetrics, CountJudgedRequestsByPriorityAndOutcome) {
  Registry registry;
  OverloadMetrics metrics(registry, "inbound");

  metrics.count(RequestPriority::kLow, 1);
  metrics.count(RequestPriority::kCritical, 0);

  std::string text = registry.render();
  const std::string name = R"(heddle_inbound_priority_requests_total{listener="inbound",)";
  EXPECT_THAT(text, HasSubstr(name + "priority=\"low\",outcome=\"limit\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "priority=\"critical\",outcome=\"admitted\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "priority=\"default\",outcome=\"pressure\"} 0\n"));
}

TEST(ProxyMetrics, ReadWhatTheConfigSourceCounts) {
  Registry registry;
  ControlMetrics control(registry);
  control.config_updates["ack"].add(3);

  Pending refused = watch_config_refused(registry, [] { return 2; });
  Pending resumes = watch_config_batches(registry, "resume", [] { return 4; });

  std::string text = registry.render();
  EXPECT_THAT(text, HasSubstr("heddle_config_updates_total{outcome=\"ack\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("heddle_config_updates_total{outcome=\"nack\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("heddle_config_batches_total{kind=\"resume\"} 4\n"));
}

TEST(ProxyMetrics, ShowLostLogLines) {
  Registry registry;
  CapturedLog captured;
  LogWriter writer(std::make_unique<FdWriter>(-1));
  AccessRing& ring = writer.add_ring(2);
  LogMetrics metrics(registry, captured.log(), writer);

  while (ring.dropped() < 3) ring.push(AccessRecord{});

  EXPECT_THAT(registry.render(), Not(HasSubstr("heddle_access_log_dropped_total 0\n")));
  EXPECT_THAT(registry.render(), HasSubstr("heddle_log_dropped_total 0\n"));
}

struct AllMetrics {
  explicit AllMetrics(Registry& registry)
      : process(registry, "0.1.0"),
        requests(registry, kWeb),
        tcp(registry, kWeb),
        backends(registry, "web-v1"),
        health(registry, "web-v1"),
        outlier(registry, "web-v1"),
        listener(registry, "outbound"),
        authz(registry, "shop/cart"),
        overload(registry, "inbound"),
        rate_limit(registry, "shop/cart", "per-caller", true),
        permissive(registry, "inbound"),
        detection(registry, "inbound"),
        downstream(registry),
        memory(registry),
        tls(registry, "client"),
        gate(registry),
        control(registry),
        logs(registry, captured.log(), writer),
        lag(watch_config_lag(registry, [] { return 0.25; })),
        batches(watch_config_batches(registry, "snapshot", [] { return 1; })),
        dns_lookups(make_dns_lookup_counters(registry)),
        dns(registry, "default/db"),
        dns_age(watch_dns_age(registry, "default/db", [] { return 1.5; })),
        spans(make_span_counters(registry)),
        drain(registry, [] { return 1.5; }) {
    dns_lookups["found"].add();
    spans["exported"].add();
    requests.on_finished(200, Reason::kNone, 3ms);
    tcp.closed[Reason::kNone].add();
    backends.connects[Reason::kNone].add();
    backends.retries[Reason::kUpstreamConnectRefused].add();
    backends.retries_over_budget.add();
    backends.hedges["won"].add();
    backends.circuit_refused["pending"].add();
    backends.mirrored["answered"].add();
    health.checks[Reason::kNone].add();
    health.transitions["up"].add();
    outlier.ejections["consecutive-errors"].add();
    listener.refused[Reason::kConnectionOverflow].add();
    listener.abuse["rapid-reset"].add();
    detection.detections["timeout"].add();
    tls.handshakes[Reason::kNone].add();
    control.config_updates["ack"].add();
    control.identity_rotations[Reason::kNone].add();
  }
  CapturedLog captured;
  LogWriter writer{std::make_unique<FdWriter>(-1)};
  ProcessMetrics process;
  RequestMetrics requests;
  TcpMetrics tcp;
  BackendSetMetrics backends;
  HealthMetrics health;
  OutlierMetrics outlier;
  ListenerMetrics listener;
  AuthzMetrics authz;
  OverloadMetrics overload;
  RateLimitMetrics rate_limit;
  PermissiveMetrics permissive;
  DetectionMetrics detection;
  DownstreamMetrics downstream;
  MemoryMetrics memory;
  TlsMetrics tls;
  HandshakeGateMetrics gate;
  ControlMetrics control;
  LogMetrics logs;
  Pending lag;
  Pending batches;
  LabelledCounters dns_lookups;
  DnsSetMetrics dns;
  Pending dns_age;
  LabelledCounters spans;
  DrainMetrics drain;
};

TEST(ProxyMetrics, AreAcceptedByPromtool) {
  ASSERT_TRUE(has_promtool()) << "promtool is missing: ./dev setup peers";
  Registry registry;
  AllMetrics all(registry);

  EXPECT_EQ(check_with_promtool(registry.render()), "");
}

TEST(ProxyMetrics, ListEveryFamilyThatIsUsed) {
  Registry registry;
  AllMetrics all(registry);
  std::set<std::string_view> documented = {"heddle_metrics_series_dropped_total"};
  for (const MetricFamily* family : proxy_metric_families()) documented.insert(family->name);
  for (const MetricFamily* family : process_metric_families()) documented.insert(family->name);
  std::set<std::string_view> used;

  auto samples = registry.collect();
  for (const FamilySample& sample : samples) used.insert(sample.family.name);

  EXPECT_EQ(used, documented);
}

std::string generated_docs() {
  std::vector<const MetricFamily*> families(proxy_metric_families().begin(), proxy_metric_families().end());
  auto process = process_metric_families();
  families.insert(families.end(), process.begin(), process.end());
  return "# Metrics of heddle-proxy\n\n"
         "Generated from the code; a unit test compares. To write it anew:\n"
         "`HEDDLE_UPDATE_DOCS=1 build/dev/bin/unit_proxy --gtest_filter=MetricDocs.*`\n\n"
         "Latency histograms have the bounds 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500 ms, 1, 2.5, 5, 10 s. Label "
         "values come from\nconfiguration, never from requests; a family holds at most 10,000 label sets, what comes "
         "later is counted under `other`\nand in `heddle_metrics_series_dropped_total`. Values of `reason` and "
         "`result` are those of the header `heddle-reason`.\n\n" +
         render_metric_docs(families);
}

TEST(MetricDocs, OfTheProxyAreUpToDate) {
  MetricDocsFile file = MetricDocsFile::read();
  if (std::getenv("HEDDLE_UPDATE_DOCS") != nullptr) {
    file.proxy = generated_docs();
    file.write();
  }

  EXPECT_EQ(MetricDocsFile::read().proxy, generated_docs());
}
}  // namespace
}  // namespace heddle
