#include "proxy/telemetry/proxy_metrics.h"

#include <algorithm>

#include "lib/base/log.h"
#include "proxy/telemetry/drain_metrics.h"
#include "proxy/telemetry/log_writer.h"
#include "proxy/telemetry/overload_metrics.h"

namespace heddle {
namespace {
using enum MetricType;
using Labels = std::array<std::string_view, kMaxMetricLabels>;
constexpr Labels kTraffic = {"direction", "service", "route", "backend_set"};
constexpr Labels kTunnels = {"direction", "service", "backend_set"};

constexpr MetricFamily kRequests{"heddle_requests_total",
                                 "Requests finished, by class of the status sent and by reason (none: answered by the "
                                 "upstream).",
                                 kCounter,
                                 {"direction", "service", "route", "backend_set", "code", "reason"}};
constexpr MetricFamily kDuration{"heddle_request_duration_seconds", "From the request's head to the last byte.",
                                 kHistogram, kTraffic, kLatencyBuckets};
constexpr MetricFamily kUpstreamTime{"heddle_upstream_response_seconds",
                                     "From the request sent upstream to the head of the answer.", kHistogram, kTraffic,
                                     kLatencyBuckets};
constexpr MetricFamily kActive{"heddle_requests_active", "Requests in flight.", kGauge, kTraffic};
constexpr MetricFamily kRequestBytes{"heddle_request_bytes_total", "Bytes of request bodies.", kCounter, kTraffic};
constexpr MetricFamily kResponseBytes{"heddle_response_bytes_total", "Bytes of response bodies.", kCounter, kTraffic};

constexpr MetricFamily kTcpOpened{"heddle_tcp_opened_total", "TCP tunnels opened.", kCounter, kTunnels};
constexpr MetricFamily kTcpClosed{"heddle_tcp_closed_total",
                                  "TCP tunnels closed, by reason (ok: both sides ended).",
                                  kCounter,
                                  {"direction", "service", "backend_set", "reason"}};
constexpr MetricFamily kTcpActive{"heddle_tcp_active", "TCP tunnels open.", kGauge, kTunnels};
constexpr MetricFamily kTcpReceived{"heddle_tcp_received_bytes_total", "Bytes from downstream.", kCounter, kTunnels};
constexpr MetricFamily kTcpSent{"heddle_tcp_sent_bytes_total", "Bytes to downstream.", kCounter, kTunnels};

constexpr MetricFamily kConnects{
    "heddle_upstream_connects_total", "Connects to endpoints, by result.", kCounter, {"backend_set", "result"}};
constexpr MetricFamily kUpstreamConnections{
    "heddle_upstream_connections", "Connections to endpoints, without those of tunnels.", kGauge, {"backend_set"}};
constexpr MetricFamily kPending{
    "heddle_upstream_pending_requests", "Requests that wait for a connection.", kGauge, {"backend_set"}};
constexpr MetricFamily kReused{
    "heddle_upstream_reused_total", "Requests sent on a connection that was there already.", kCounter, {"backend_set"}};
constexpr MetricFamily kRetries{"heddle_retries_total",
                                "Tries repeated, by the reason of the one that failed.",
                                kCounter,
                                {"backend_set", "reason"}};
constexpr MetricFamily kRetriesOverBudget{"heddle_retries_over_budget_total",
                                          "Retries that the retry budget of the backend set did not allow.",
                                          kCounter,
                                          {"backend_set"}};
constexpr MetricFamily kHedges{
    "heddle_hedges_total",
    "Second tries sent beside the first, by what became of them: won (their answer came first), lost, took-over (the "
    "other failed, this one went on), failed, or cancelled (the request ended otherwise).",
    kCounter,
    {"backend_set", "result"}};
constexpr MetricFamily kCircuitRefused{
    "heddle_circuit_refused_total",
    "Refused by a limit of the backend set: requests and pending are answered so, for want "
    "of connections a request waits, for want of retries there is no other try.",
    kCounter,
    {"backend_set", "resource"}};
constexpr MetricFamily kPanics{
    "heddle_upstream_panics_total",
    "Tries that chose among unhealthy endpoints, too: fewer were healthy than the panic threshold.",
    kCounter,
    {"backend_set"}};
constexpr MetricFamily kMirrored{
    "heddle_mirrored_requests_total",
    "Copies of requests sent here by RequestMirror, by outcome: answered, failed, no-healthy-endpoint, refused (a "
    "limit "
    "of the backend set), slow (it did not keep up with the body), timeout, cancelled (the request broke off).",
    kCounter,
    {"backend_set", "outcome"}};
constexpr MetricFamily kLeft{
    "heddle_upstream_left_total",
    "Requests that another backend set got, or that failed: fewer endpoints were healthy than minHealthyPercent.",
    kCounter,
    {"backend_set"}};
constexpr MetricFamily kConnectTime{
    "heddle_upstream_connect_seconds", "Duration of connects, with TLS.", kHistogram, {"backend_set"}, kLatencyBuckets};

constexpr MetricFamily kChecks{
    "heddle_health_checks_total", "Active health checks, by result.", kCounter, {"backend_set", "result"}};
constexpr MetricFamily kTransitions{
    "heddle_health_transitions_total", "Endpoints that went up or down.", kCounter, {"backend_set", "to"}};
constexpr MetricFamily kEndpoints{"heddle_endpoints", "Endpoints by state.", kGauge, {"backend_set", "state"}};

constexpr MetricFamily kEjections{
    "heddle_outlier_ejections_total",
    "Endpoints put aside for failing more than others, by cause: consecutive-errors, consecutive-gateway-errors, "
    "success-rate, latency, probe (the one request after the time was over failed, too).",
    kCounter,
    {"backend_set", "cause"}};
constexpr MetricFamily kEjectionsRefused{"heddle_outlier_refused_total",
                                         "Ejections that were left undone, because as many endpoints as may be are out "
                                         "already or nobody would be left.",
                                         kCounter,
                                         {"backend_set"}};
constexpr MetricFamily kEjected{"heddle_outlier_ejected", "Endpoints that are put aside now.", kGauge, {"backend_set"}};

constexpr MetricFamily kAccepted{"heddle_downstream_accepted_total", "Connections accepted.", kCounter, {"listener"}};
constexpr MetricFamily kRefused{"heddle_downstream_refused_total",
                                "Connections closed unserved and requests refused before routing, by reason.",
                                kCounter,
                                {"listener", "reason"}};
constexpr MetricFamily kConnections{"heddle_downstream_connections", "Connections open.", kGauge};
constexpr MetricFamily kParked{"heddle_downstream_parked", "Idle connections that are held without a session.", kGauge};
constexpr MetricFamily kMemoryLimit{"heddle_memory_limit_bytes",
                                    "What the process may use; 0: nothing limits it, nothing is shed.", kGauge};
constexpr MetricFamily kMemoryPressure{"heddle_memory_pressure",
                                       "0: none, 1: idle connections are closed, 2: new work is refused.", kGauge};
constexpr MetricFamily kLoopLag{"heddle_loop_lag_seconds",
                                "How late a worker's loop was when it looked, every half a second.",
                                kHistogram,
                                {},
                                kLatencyBuckets};
constexpr MetricFamily kAbuse{"heddle_abuse_total",
                              "Connections closed because their peer crossed an abuse threshold.",
                              kCounter,
                              {"listener", "kind"}};

constexpr MetricFamily kPermissiveConnections{"heddle_permissive_connections_total",
                                              "Connections to permissive listeners, by tls: mtls (with a verified "
                                              "identity), plaintext (strict would refuse them).",
                                              kCounter,
                                              {"listener", "tls"}};
constexpr MetricFamily kPermissiveRequests{"heddle_permissive_requests_total",
                                           "Requests finished at permissive listeners, by tls: mtls, plaintext.",
                                           kCounter,
                                           {"listener", "tls"}};

constexpr MetricFamily kDetections{
    "heddle_detections_total",
    "Connections whose protocol was looked for, by result: http1, http2, tcp (the client's first bytes are neither), "
    "timeout (the detection time passed), gave-up (the client said nothing, waited a second or more and left), "
    "server-first (silence was expected and taken for TCP after a moment).",
    kCounter,
    {"listener", "result"}};

constexpr MetricFamily kAuthz{
    "heddle_authz_total",
    "Inbound requests and connections that an AuthorizationPolicy allowed, denied or audited, "
    "by the policy that decided. Where none of several allow policies matched, the first by "
    "name denies; none: a caller of another trust domain was denied where no policy is.",
    kCounter,
    {"action", "policy"}};

constexpr MetricFamily kRateLimited{"heddle_rate_limited_total",
                                    "Inbound requests for which a limit of a RateLimitPolicy had none left, by mode: "
                                    "enforce (refused), report (let in).",
                                    kCounter,
                                    {"limit", "mode", "policy"}};

constexpr MetricFamily kHandshakes{
    "heddle_tls_handshakes_total", "TLS handshakes, by result.", kCounter, {"side", "result"}};
constexpr MetricFamily kHandshakeTime{
    "heddle_tls_handshake_seconds", "Duration of TLS handshakes.", kHistogram, {"side"}, kLatencyBuckets};

constexpr MetricFamily kHandshakesActive{"heddle_tls_handshakes_active",
                                         "TLS handshakes of callers begun and not yet done.", kGauge};
constexpr MetricFamily kHandshakesDelayed{"heddle_tls_handshakes_delayed_total",
                                          "TLS handshakes of callers that had to wait because others were begun.",
                                          kCounter};

constexpr MetricFamily kConfigVersion{"heddle_config_version", "Version of the configuration in force.", kGauge};
constexpr MetricFamily kConfigLag{"heddle_config_lag_seconds",
                                  "For how long the control plane has had a newer version than this proxy.", kGauge};
constexpr MetricFamily kConfigUpdates{
    "heddle_config_updates_total",
    "Versions or contents of files received, by outcome: ack (taken), nack (refused).",
    kCounter,
    {"outcome"}};
constexpr MetricFamily kConfigBatches{"heddle_config_batches_total",
                                      "Batches taken from the control plane, by kind: snapshot (everything: the first "
                                      "one or a full resync), delta (a change), resume (what changed while no stream "
                                      "was open; nothing comes when nothing did).",
                                      kCounter,
                                      {"kind"}};
constexpr MetricFamily kConfigUpdatedAt{"heddle_config_last_update_timestamp_seconds",
                                        "When the configuration in force was taken, since 1970.", kGauge};
constexpr MetricFamily kConnected{"heddle_control_connected", "1 while the watch stream is open.", kGauge};
constexpr MetricFamily kExpires{"heddle_identity_expiry_timestamp_seconds", "When our certificate expires, since 1970.",
                                kGauge};
constexpr MetricFamily kRotations{"heddle_identity_rotations_total",
                                  "Renewals of our certificate, by outcome: ok (the first certificate is none), or the "
                                  "reason of a try that failed (also for the first one).",
                                  kCounter,
                                  {"outcome"}};
constexpr MetricFamily kFederated{"heddle_federated_trust_domains",
                                  "Trust domains besides our own, by state: trusted, refused (the newest bundle is not "
                                  "used: the domain keeps the roots it had, or is left out; the log says why).",
                                  kGauge,
                                  {"state"}};

constexpr MetricFamily kLogDropped{"heddle_log_dropped_total", "Lines of the process log that were lost.", kCounter};
constexpr MetricFamily kAccessDropped{"heddle_access_log_dropped_total", "Access log records that were lost.",
                                      kCounter};
constexpr MetricFamily kAccessWritten{"heddle_access_log_records_total", "Access log records written.", kCounter};

constexpr MetricFamily kDnsLookups{"heddle_dns_lookups_total",
                                   "DNS lookups for backend sets, by result: found, no-data, no-name, or why there was "
                                   "no answer (timeout, servfail ...).",
                                   kCounter,
                                   {"result"}};
constexpr MetricFamily kDnsAge{"heddle_dns_answer_age_seconds",
                               "Age of the oldest DNS answer the backend set's endpoints are made of.",
                               kGauge,
                               {"backend_set"}};
constexpr MetricFamily kDnsFailing{"heddle_dns_failing",
                                   "1 while a DNS lookup of the backend set fails and older answers are used.",
                                   kGauge,
                                   {"backend_set"}};
constexpr MetricFamily kDnsEndpoints{
    "heddle_dns_endpoints", "Endpoints of the backend set that DNS named.", kGauge, {"backend_set"}};

constexpr MetricFamily kSpans{"heddle_spans_total",
                              "Spans of sampled requests, by result: exported, rejected (by the collector), failed (it "
                              "could not be had), dropped (more than it took).",
                              kCounter,
                              {"result"}};

constexpr auto kFamilies = std::to_array<const MetricFamily*>({&kRequests,
                                                               &kDuration,
                                                               &kUpstreamTime,
                                                               &kActive,
                                                               &kRequestBytes,
                                                               &kResponseBytes,
                                                               &kTcpOpened,
                                                               &kTcpClosed,
                                                               &kTcpActive,
                                                               &kTcpReceived,
                                                               &kTcpSent,
                                                               &kConnects,
                                                               &kUpstreamConnections,
                                                               &kPending,
                                                               &kReused,
                                                               &kRetries,
                                                               &kRetriesOverBudget,
                                                               &kHedges,
                                                               &kCircuitRefused,
                                                               &kConnectTime,
                                                               &kPanics,
                                                               &kLeft,
                                                               &kMirrored,
                                                               &kChecks,
                                                               &kTransitions,
                                                               &kEndpoints,
                                                               &kEjections,
                                                               &kEjectionsRefused,
                                                               &kEjected,
                                                               &kAccepted,
                                                               &kRefused,
                                                               &kConnections,
                                                               &kParked,
                                                               &kMemoryLimit,
                                                               &kMemoryPressure,
                                                               &kLoopLag,
                                                               &kAbuse,
                                                               &kPermissiveConnections,
                                                               &kPermissiveRequests,
                                                               &kDetections,
                                                               &kAuthz,
                                                               &kRateLimited,
                                                               &kConcurrencyLimitFamily,
                                                               &kConcurrencyFamily,
                                                               &kPriorityRequestsFamily,
                                                               &kHandshakes,
                                                               &kHandshakeTime,
                                                               &kHandshakesActive,
                                                               &kHandshakesDelayed,
                                                               &kConfigVersion,
                                                               &kConfigLag,
                                                               &kConfigUpdates,
                                                               &kConfigBatches,
                                                               &kConfigUpdatedAt,
                                                               &kConnected,
                                                               &kExpires,
                                                               &kRotations,
                                                               &kFederated,
                                                               &kDnsLookups,
                                                               &kDnsAge,
                                                               &kDnsFailing,
                                                               &kDnsEndpoints,
                                                               &kDrainStateFamily,
                                                               &kDrainWaitsForFamily,
                                                               &kDrainWaitedFamily,
                                                               &kLogDropped,
                                                               &kAccessDropped,
                                                               &kAccessWritten,
                                                               &kSpans});

constexpr std::array<std::string_view, 6> kClassNames = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

size_t class_of(uint16_t status) noexcept {
  size_t hundreds = status / 100U;
  return std::min(hundreds, kClassNames.size() - 1);  // 600 and above are 5xx (RFC 9110 §15)
}

MetricScope scope_of(Registry& registry, const RequestLabels& labels) {
  return registry.scope()
      .with("direction", to_text(labels.direction))
      .with("service", labels.service)
      .with("route", labels.route)
      .with("backend_set", labels.backend_set);
}

MetricScope scope_of(Registry& registry, std::string_view label, std::string_view value) {
  return registry.scope().with(label, value);
}
}  // namespace

LabelledCounters::LabelledCounters(MetricScope scope, const MetricFamily& family, std::string_view label)
    : scope_(std::move(scope)), family_(family), label_(label) {}

Counter& LabelledCounters::operator[](std::string_view value) {
  auto found = by_text_.find(value);
  if (found != by_text_.end()) return found->second;
  Counter made = scope_.counter(family_, {{label_, std::string(value)}});
  return by_text_.emplace(std::string(value), std::move(made)).first->second;
}

Counter& LabelledCounters::operator[](Reason reason) {
  if (by_reason_ == nullptr) by_reason_ = std::make_unique<ByReason>();
  auto& cell = (*by_reason_)[static_cast<size_t>(reason)];
  if (cell == nullptr) {
    std::string_view name = reason == Reason::kNone ? "ok" : info(reason).name;
    cell = std::make_unique<Counter>(scope_.counter(family_, {{label_, std::string(name)}}));
  }
  return *cell;
}

RequestMetrics::RequestMetrics(Registry& registry, const RequestLabels& labels)
    : scope_(scope_of(registry, labels).side_by_side()) {
  active = scope_.gauge(kActive);
  bytes_received = scope_.counter(kRequestBytes);
  bytes_sent = scope_.counter(kResponseBytes);
  upstream_time = scope_.histogram(kUpstreamTime);
  duration_ = scope_.histogram(kDuration);
}

void RequestMetrics::on_finished(uint16_t status, Reason reason, Duration duration) noexcept {
  duration_.observe(duration);
  finished(status, reason).add();
}

// A pair that occurs for the first time gets its cell here; in the steady state nothing is made.
Counter& RequestMetrics::finished(uint16_t status, Reason reason) {
  size_t code = class_of(status);
  auto is_it = [&](const Finished& known) { return known.code == code && known.reason == reason; };
  if (has_first_ && is_it(first_)) return first_.count;
  for (Finished& known : others_) {
    if (is_it(known)) return known.count;
  }
  Finished made{make_finished(code, reason), reason, static_cast<uint8_t>(code)};
  if (has_first_) return others_.emplace_back(std::move(made)).count;
  has_first_ = true;
  first_ = std::move(made);
  return first_.count;
}

Counter RequestMetrics::make_finished(size_t code, Reason reason) {
  std::string_view name = info(reason).name;
  return scope_.counter(kRequests, {{"code", std::string(kClassNames[code])}, {"reason", std::string(name)}});
}

TcpMetrics::TcpMetrics(Registry& registry, const RequestLabels& labels)
    : opened(scope_of(registry, labels).counter(kTcpOpened)),
      closed(scope_of(registry, labels), kTcpClosed, "reason"),
      active(scope_of(registry, labels).gauge(kTcpActive)),
      bytes_received(scope_of(registry, labels).counter(kTcpReceived)),
      bytes_sent(scope_of(registry, labels).counter(kTcpSent)) {}

BackendSetMetrics::BackendSetMetrics(Registry& registry, std::string_view set)
    : connects(scope_of(registry, "backend_set", set), kConnects, "result"),
      connections(scope_of(registry, "backend_set", set).gauge(kUpstreamConnections)),
      pending(scope_of(registry, "backend_set", set).gauge(kPending)),
      reused(scope_of(registry, "backend_set", set).counter(kReused)),
      retries(scope_of(registry, "backend_set", set), kRetries, "reason"),
      retries_over_budget(scope_of(registry, "backend_set", set).counter(kRetriesOverBudget)),
      hedges(scope_of(registry, "backend_set", set), kHedges, "result"),
      circuit_refused(scope_of(registry, "backend_set", set), kCircuitRefused, "resource"),
      connect_time(scope_of(registry, "backend_set", set).histogram(kConnectTime)),
      panics(scope_of(registry, "backend_set", set).counter(kPanics)),
      mirrored(scope_of(registry, "backend_set", set), kMirrored, "outcome"),
      left(scope_of(registry, "backend_set", set).counter(kLeft)) {}

HealthMetrics::HealthMetrics(Registry& registry, std::string_view set)
    : checks(scope_of(registry, "backend_set", set), kChecks, "result"),
      transitions(scope_of(registry, "backend_set", set), kTransitions, "to"),
      endpoints_up(scope_of(registry, "backend_set", set).gauge(kEndpoints, {{"state", "up"}})),
      endpoints_down(scope_of(registry, "backend_set", set).gauge(kEndpoints, {{"state", "down"}})) {}

OutlierMetrics::OutlierMetrics(Registry& registry, std::string_view set)
    : ejections(scope_of(registry, "backend_set", set), kEjections, "cause"),
      refused(scope_of(registry, "backend_set", set).counter(kEjectionsRefused)),
      ejected(scope_of(registry, "backend_set", set).gauge(kEjected)) {}

ListenerMetrics::ListenerMetrics(Registry& registry, std::string_view listener)
    : accepted(scope_of(registry, "listener", listener).counter(kAccepted)),
      refused(scope_of(registry, "listener", listener), kRefused, "reason"),
      abuse(scope_of(registry, "listener", listener), kAbuse, "kind") {}

PermissiveMetrics::PermissiveMetrics(Registry& registry, std::string_view listener) {
  MetricScope scope = scope_of(registry, "listener", listener);
  auto make = [&scope](std::string_view tls) {
    std::string value(tls);
    return Callers{scope.counter(kPermissiveConnections, {{"tls", value}}),
                   scope.counter(kPermissiveRequests, {{"tls", value}})};
  };
  mtls = make("mtls");
  plaintext = make("plaintext");
}

DetectionMetrics::DetectionMetrics(Registry& registry, std::string_view listener)
    : detections(scope_of(registry, "listener", listener), kDetections, "result") {}

AuthzMetrics::AuthzMetrics(Registry& registry, std::string_view policy)
    : allow(scope_of(registry, "policy", policy).counter(kAuthz, {{"action", "allow"}})),
      deny(scope_of(registry, "policy", policy).counter(kAuthz, {{"action", "deny"}})),
      audit(scope_of(registry, "policy", policy).counter(kAuthz, {{"action", "audit"}})) {}

RateLimitMetrics::RateLimitMetrics(Registry& registry, std::string_view policy, std::string_view limit, bool enforces)
    : limited(scope_of(registry, "policy", policy)
                  .with("limit", limit)
                  .counter(kRateLimited, {{"mode", enforces ? "enforce" : "report"}})) {}

DownstreamMetrics::DownstreamMetrics(Registry& registry)
    : connections(registry.scope().gauge(kConnections)),
      parked(registry.scope().gauge(kParked)),
      lag(registry.scope().histogram(kLoopLag)) {}

MemoryMetrics::MemoryMetrics(Registry& registry)
    : limit(registry.scope().gauge(kMemoryLimit)), pressure(registry.scope().gauge(kMemoryPressure)) {}

TlsMetrics::TlsMetrics(Registry& registry, std::string_view side)
    : handshakes(scope_of(registry, "side", side), kHandshakes, "result"),
      handshake_time(scope_of(registry, "side", side).histogram(kHandshakeTime)) {}

HandshakeGateMetrics::HandshakeGateMetrics(Registry& registry)
    : active(registry.scope().gauge(kHandshakesActive)), delayed(registry.scope().counter(kHandshakesDelayed)) {}

ControlMetrics::ControlMetrics(Registry& registry)
    : config_version(registry.scope().gauge(kConfigVersion)),
      config_updates(registry.scope(), kConfigUpdates, "outcome"),
      config_updated_at(registry.scope().gauge(kConfigUpdatedAt)),
      control_connected(registry.scope().gauge(kConnected)),
      identity_expires_at(registry.scope().gauge(kExpires)),
      identity_rotations(registry.scope(), kRotations, "outcome"),
      federated_trusted(registry.scope().gauge(kFederated, {{"state", "trusted"}})),
      federated_refused(registry.scope().gauge(kFederated, {{"state", "refused"}})) {}

LogMetrics::LogMetrics(Registry& registry, const Log& log, const LogWriter& writer) {
  auto add = [&](const MetricFamily& family, UniqueFunction<double()> read) {
    callbacks_.push_back(registry.scope().callback(family, {}, std::move(read)));
  };
  add(kLogDropped, [&log] { return static_cast<double>(log.dropped()); });
  add(kAccessDropped, [&writer] { return static_cast<double>(writer.dropped()); });
  add(kAccessWritten, [&writer] { return static_cast<double>(writer.written()); });
}

Pending watch_config_lag(Registry& registry, UniqueFunction<double()> seconds) {
  return registry.scope().callback(kConfigLag, {}, std::move(seconds));
}

Pending watch_config_refused(Registry& registry, UniqueFunction<double()> count) {
  return registry.scope().callback(kConfigUpdates, {{"outcome", "nack"}}, std::move(count));
}

Pending watch_config_batches(Registry& registry, std::string_view kind, UniqueFunction<double()> count) {
  return registry.scope().callback(kConfigBatches, {{"kind", std::string(kind)}}, std::move(count));
}

LabelledCounters make_dns_lookup_counters(Registry& registry) { return {registry.scope(), kDnsLookups, "result"}; }

DnsSetMetrics::DnsSetMetrics(Registry& registry, std::string_view backend_set)
    : failing(scope_of(registry, "backend_set", backend_set).gauge(kDnsFailing)),
      endpoints(scope_of(registry, "backend_set", backend_set).gauge(kDnsEndpoints)) {}

Pending watch_dns_age(Registry& registry, std::string_view backend_set, UniqueFunction<double()> seconds) {
  return registry.scope().callback(kDnsAge, {{"backend_set", std::string(backend_set)}}, std::move(seconds));
}

LabelledCounters make_span_counters(Registry& registry) { return {registry.scope(), kSpans, "result"}; }

std::span<const MetricFamily* const> proxy_metric_families() noexcept { return kFamilies; }
}  // namespace heddle
