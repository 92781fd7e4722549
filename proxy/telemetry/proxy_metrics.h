// The metrics of the proxy: one struct of cells per component, made once per worker and part (route and backend set,
// listener ...), so that the request path only adds numbers. All families stand in proxy_metrics.cc; docs/metrics.md is
// generated from them. Label values come from configuration, never from a request. Each struct belongs to the loop that
// made it.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/metrics/registry.h"
#include "proxy/telemetry/access_record.h"

namespace heddle {
class PeerCertificate;

// Cells of one family that differ in one label with few values, found by value: made at its first use.
class LabelledCounters {
 public:
  LabelledCounters(MetricScope scope, const MetricFamily& family, std::string_view label);
  Counter& operator[](std::string_view value);  // a map look-up: not for each request
  Counter& operator[](Reason);                  // an array look-up; kNone is "ok"

 private:
  MetricScope scope_;
  const MetricFamily& family_;
  std::string label_;
  std::map<std::string, Counter, std::less<>> by_text_;
  using ByReason = std::array<std::unique_ptr<Counter>, static_cast<size_t>(Reason::kCount)>;
  std::unique_ptr<ByReason> by_reason_;  // many sets of cells never see one
};

struct RequestLabels {
  Direction direction;
  std::string_view service;
  std::string_view route;
  std::string_view backend_set;
};

// Per route and backend set: the exchange. With thousands of routes each request finds all this cold: what it touches
// lies in two cache lines here and three of cells (bench row grow-routes).
class alignas(128) RequestMetrics {
 public:
  RequestMetrics(Registry&, const RequestLabels&);
  // At the end of a request, once.
  void on_finished(uint16_t status, Reason, Duration) noexcept;
  Gauge active;
  Counter bytes_received;  // of request bodies
  Counter bytes_sent;      // of response bodies
  Histogram upstream_time;

 private:
  struct Finished {
    Counter count;
    Reason reason = Reason::kNone;
    uint8_t code = 0;
  };
  Counter& finished(uint16_t status, Reason);
  Counter make_finished(size_t code, Reason);
  Histogram duration_;
  Finished first_;  // the pair that occurred first, which is nearly always the usual one; nothing has before has_first_
  std::vector<Finished> others_;
  bool has_first_ = false;
  MetricScope scope_;
};

// Per service and backend set: TCP tunnels.
struct TcpMetrics {
  TcpMetrics(Registry&, const RequestLabels&);
  Counter opened;
  LabelledCounters closed;  // by reason
  Gauge active;
  Counter bytes_received;
  Counter bytes_sent;
};

// Per backend set: pools and balancing.
struct BackendSetMetrics {
  BackendSetMetrics(Registry&, std::string_view backend_set);
  LabelledCounters connects;  // by result: ok or a reason
  Gauge connections;
  Gauge pending;
  Counter reused;
  LabelledCounters retries;  // by the reason of the failed try
  Counter retries_over_budget;
  LabelledCounters hedges;           // by result, as "won"
  LabelledCounters circuit_refused;  // by resource: connections, pending, requests, retries
  Histogram connect_time;
  Counter panics;
  LabelledCounters mirrored;  // by outcome
  Counter left;
};

// Per backend set, on the main loop: active checks.
struct HealthMetrics {
  HealthMetrics(Registry&, std::string_view backend_set);
  LabelledCounters checks;       // by result: ok or a reason
  LabelledCounters transitions;  // by to: up, down
  Gauge endpoints_up;
  Gauge endpoints_down;
};

// Per backend set with an outlier policy, on the main loop: passive judgement.
struct OutlierMetrics {
  OutlierMetrics(Registry&, std::string_view backend_set);
  LabelledCounters ejections;  // by cause
  Counter refused;
  Gauge ejected;
};

// Per listener: who connects.
struct ListenerMetrics {
  ListenerMetrics(Registry&, std::string_view listener);
  Counter accepted;
  LabelledCounters refused;  // by reason
  LabelledCounters abuse;    // by kind, as "rapid-reset"
};

// Per permissive listener: who comes with an identity, and who would be shut out if it were strict.
struct PermissiveMetrics {
  struct Callers {
    Counter connections;
    Counter requests;
  };
  PermissiveMetrics(Registry&, std::string_view listener);
  Callers& of(const PeerCertificate* peer) noexcept { return peer != nullptr ? mtls : plaintext; }
  Callers mtls;
  Callers plaintext;
};

// Per listener whose connections are looked at: how that ended.
struct DetectionMetrics {
  DetectionMetrics(Registry&, std::string_view listener);
  LabelledCounters detections;  // by result, as "http1" or "timeout"
};

// Per AuthorizationPolicy, "shop/cart".
struct AuthzMetrics {
  AuthzMetrics(Registry&, std::string_view policy);
  Counter allow;
  Counter deny;
  Counter audit;
};

// Per limit of a RateLimitPolicy, "shop/cart" "per-caller".
struct RateLimitMetrics {
  RateLimitMetrics(Registry&, std::string_view policy, std::string_view limit, bool enforces);
  Counter limited;
};

// Per worker.
struct DownstreamMetrics {
  explicit DownstreamMetrics(Registry&);
  Gauge connections;
  Gauge parked;  // of those
  Histogram lag;
};

// Of the process.
struct MemoryMetrics {
  explicit MemoryMetrics(Registry&);
  Gauge limit;
  Gauge pressure;
};

// Per side ("server", "client").
struct TlsMetrics {
  TlsMetrics(Registry&, std::string_view side);
  LabelledCounters handshakes;  // by result: ok or a reason
  Histogram handshake_time;
};

// Per worker: the gate of its server side.
struct HandshakeGateMetrics {
  explicit HandshakeGateMetrics(Registry&);
  Gauge active;
  Counter delayed;
};

// One per process, main loop: configuration, control plane, identity.
struct ControlMetrics {
  explicit ControlMetrics(Registry&);
  Gauge config_version;
  LabelledCounters config_updates;      // by outcome: ack; nack is watch_config_refused()
  Gauge config_updated_at;              // seconds since 1970
  Gauge control_connected;              // 0 or 1
  Gauge identity_expires_at;            // seconds since 1970
  LabelledCounters identity_rotations;  // by outcome: ok or a reason
  Gauge federated_trusted;
  Gauge federated_refused;
};

// One per process: what the logs have lost; read at scrape. The sources must outlive it.
class LogWriter;
class Log;
class LogMetrics {
 public:
  LogMetrics(Registry&, const Log&, const LogWriter&);

 private:
  std::vector<Pending> callbacks_;
};
// Seconds since the newest version of the control plane was not yet ours; read at scrape.
[[nodiscard]] Pending watch_config_lag(Registry&, UniqueFunction<double()> seconds);
// Of heddle_config_updates_total, what was refused; read at scrape.
[[nodiscard]] Pending watch_config_refused(Registry&, UniqueFunction<double()> count);
// Batches of the control plane of one kind: "snapshot", "delta", "resume"; read at scrape.
[[nodiscard]] Pending watch_config_batches(Registry&, std::string_view kind, UniqueFunction<double()> count);

// DNS of backend sets, on the main loop. By result: "found", "no-data", "no-name", or why a lookup failed.
LabelledCounters make_dns_lookup_counters(Registry&);
// Per backend set that is looked up.
struct DnsSetMetrics {
  DnsSetMetrics(Registry&, std::string_view backend_set);
  Gauge failing;  // 0 or 1
  Gauge endpoints;
};
// Read at scrape.
[[nodiscard]] Pending watch_dns_age(Registry&, std::string_view backend_set, UniqueFunction<double()> seconds);

// Spans of requests, on the main loop. By result: "exported", "rejected" by the collector, "failed" (it could not be
// had), "dropped" (a worker's ring was full).
LabelledCounters make_span_counters(Registry&);

std::span<const MetricFamily* const> proxy_metric_families() noexcept;
}  // namespace heddle
