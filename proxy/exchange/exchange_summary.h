// ExchangeSummary: what one exchange was, filled while it runs and reported once; the single input of access log and
// metrics. Views point into the exchange and are valid during on_finished() only.
#pragma once
#include <string_view>

#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/http/codec.h"
#include "lib/http/head.h"
#include "lib/net/transport.h"
#include "proxy/exchange/admission.h"
#include "proxy/exchange/request_limits.h"
#include "proxy/resilience/circuit_breaker.h"
#include "proxy/telemetry/tracer.h"

namespace heddle {
struct RouteRuntime;

struct ExchangeSummary {
  MonoTime started;
  MonoTime response_at;           // first byte of the answer; zero without
  uint16_t status = 0;            // sent downstream; 0: none was
  Reason reason = Reason::kNone;  // of an answer made here, or of a broken exchange
  bool made_here = false;         // the answer is ours, not the upstream's
  uint8_t tries = 0;
  uint64_t config_version = 0;
  uint64_t request_bytes = 0;  // of bodies
  uint64_t response_bytes = 0;
  Address peer;                                             // who sent the request
  std::shared_ptr<const PeerCertificate> peer_certificate;  // null without mutual TLS
  bool is_foreign = false;                                  // of another trust domain
  Address upstream;                                         // last endpoint tried; not set without
  RouteRuntime* route = nullptr;                            // null when no route was found
  bool upstream_reused = false;
  bool upstream_connected = false;  // a connection to it was there: what follows is known
  bool upstream_http2 = false;
  bool upstream_tls = false;
  bool delayed = false;      // by a fault of the route
  bool upgraded = false;     // 101: the connection went on as a tunnel
  AuthzNote authz;           // inbound: denied or audited
  RateNote rate;             // inbound: refused by a rate limit
  LimitNote limit;           // of the backend set: kept the request, or another try, from going there
  Duration upstream_time{};  // from the request sent to the answer's head
  SpanIds span;              // off without tracing
};

class ExchangeObserver {
 public:
  virtual void on_finished(const ExchangeSummary&, const RequestHead&) = 0;
  virtual void on_tcp_finished(const ExchangeSummary&) = 0;
  // A request was refused before there was an exchange.
  virtual void on_refused_request(const ConnectionInfo&, const RefusedRequest&) = 0;
  // A connection failed.
  virtual void on_bad_connection(const ConnectionInfo&, const Error&) = 0;
  // It was ended because its peer did something too often.
  virtual void on_abuse(std::string_view kind) = 0;

 protected:
  ~ExchangeObserver() = default;
};
}  // namespace heddle
