// RouteTarget: where a request or connection goes: decided by lib/decision for outbound listeners, fixed for inbound
// ones. Valid while `pin` is held.
#pragma once
#include <memory>
#include <optional>
#include <span>

#include "lib/http/head.h"
#include "lib/net/transport.h"
#include "lib/routing/route_filters.h"
#include "lib/routing/session_persistence.h"
#include "lib/snapshot/snapshot.h"
#include "proxy/telemetry/proxy_metrics.h"
#include "proxy/upstream/backend_set.h"

namespace heddle {

// What a worker keeps beside the snapshot for one (service, route, backend set): names for the log and metric cells.
struct RouteRuntime {
  RouteRuntime(Registry& registry, const RequestLabels& labels)
      : requests(registry, labels),
        service(labels.service),
        route(labels.route),
        backend_set(labels.backend_set),
        tcp(registry, labels) {}
  RequestMetrics requests;
  std::string service;
  std::string route;  // empty: the service's own backend set
  std::string backend_set;
  TcpMetrics tcp;
};

// Why a request goes where it goes, for who remembers it (proxy/telemetry/fact_recorder.h); of outbound requests.
struct RouteOrigin {
  uint64_t draw = 0;
  const RouteRule* rule = nullptr;       // nullptr: no route is attached
  const BackendSetEntry* set = nullptr;  // nullptr: a filter answers
};

struct RouteTarget {
  BackendSet* backends = nullptr;            // null only where filters answer every request
  std::optional<Duration> request_timeout;   // until the answer is complete, whatever the number of tries
  std::optional<Duration> try_timeout;       // of one try
  std::optional<Duration> max_grpc_timeout;  // of what a caller of gRPC asks for; zero: that is not honoured
  const RetrySpec* retry = nullptr;          // null: only what was never processed is tried again
  const HedgeSpec* hedge = nullptr;          // null: one try at a time
  std::optional<Duration> stream_idle;       // absent: the listener's
  std::optional<uint64_t> hash;              // of the request's key, where the backend set hashes
  uint64_t config_version = 0;               // sequence of the snapshot that decided
  RouteRuntime* runtime = nullptr;
  RouteOrigin origin;
  FilterUse filters;
  SessionUse session;
  std::span<const std::shared_ptr<BackendSet>> backend_sets{};  // by id, for mirrors; empty without filters
  std::shared_ptr<const void> pin;                              // keeps what the pointers refer to alive
};

class RequestRouter {
 public:
  virtual Result<RouteTarget> route(const RequestHead&, const ConnectionInfo&) = 0;

 protected:
  ~RequestRouter() = default;
};

class TcpRouter {
 public:
  // Whether the client's ClientHello is to be waited for: `sni` of the connection decides. Asked once, before:
  virtual bool asks_server_name(const ConnectionInfo&) { return false; }
  virtual Result<RouteTarget> route_tcp(const ConnectionInfo&) = 0;

 protected:
  ~TcpRouter() = default;
};
}  // namespace heddle
