// EndpointRuntime: one endpoint as one worker uses it: its connector (plain or TLS with the expected identity), its
// connection pool and the process-wide health it shares with the other workers. Held by the BackendSet and by requests
// in flight (shared_ptr, never leaves its loop), so that a removed endpoint finishes what it has.
#pragma once
#include <memory>

#include "lib/config/model.h"
#include "proxy/lb/registry.h"
#include "proxy/upstream/connection_pool.h"
#include "proxy/upstream/endpoint_tls.h"
#include "proxy/upstream/measured_connector.h"

namespace heddle {
class EndpointRuntime;
class Protocols;

// Endpoints that left their set while a request was failing there: they go when nothing of theirs is on the stack any
// more. Belongs to one loop.
class LeftRuntimes {
 public:
  explicit LeftRuntimes(Loop& loop) : loop_(loop) {}
  void add(std::shared_ptr<EndpointRuntime>);

 private:
  void clear();
  Loop& loop_;
  std::vector<std::shared_ptr<EndpointRuntime>> runtimes_;
  DeferredOf<LeftRuntimes, &LeftRuntimes::clear> clear_{*this};
};

// What everything upstream of one worker shares; outlives it.
struct UpstreamContext {
  SessionContext session_context;
  Protocols& protocols;
  Connector& connector;  // plain TCP
  ClientTlsSource& tls;
  HealthTable& health;
  const LbRegistry& balancers;
  Random& random;
  Registry& metrics;
  SessionLimits http1_session;  // idle: 3 s towards a local application (T6)
  SessionLimits http2_session;
  PoolLimits pool;
  uint32_t workers = 1;
  std::string zone{};  // of this sidecar; empty: not said
  LeftRuntimes left{session_context.loop};
};

class EndpointRuntime {
 public:
  EndpointRuntime(UpstreamContext&, const Endpoint&, const BackendSetSpec&, PoolShare, const PoolLimits&);
  const Endpoint& endpoint() const noexcept { return endpoint_; }
  ConnectionPool& pool() noexcept { return pool_; }
  // For opaque TCP: TLS with ALPN heddle-tcp, or the plain connector.
  Connector& tcp_connector() noexcept { return tcp_connector_; }
  const std::shared_ptr<EndpointHealth>& health() const noexcept { return health_; }
  // What passive judgement counts in; nullptr: nobody judges it.
  const std::shared_ptr<OutlierEndpoint>& outlier() const noexcept { return outlier_; }
  void set_outlier(std::shared_ptr<OutlierEndpoint> outlier) { outlier_ = std::move(outlier); }
  // It is no longer in its set: what is under way ends, and is nobody's judgement any more.
  void leave() {
    outlier_.reset();
    pool_.drain();
  }
  UpstreamContext& context() noexcept { return context_; }
  // Made the same way: may serve a changed backend set.
  bool fits(const Endpoint&, UpstreamTls, UpstreamProtocol) const;

 private:
  PoolSpec pool_spec(PoolShare, const PoolLimits&);
  Connector& below(const std::unique_ptr<TlsConnector>& tls) { return tls ? *tls : context_.connector; }
  std::unique_ptr<TlsConnector> make_tls(std::string_view only_alpn);
  UpstreamContext& context_;
  Endpoint endpoint_;
  UpstreamTls tls_;
  UpstreamProtocol protocol_;
  std::shared_ptr<EndpointHealth> health_;
  std::shared_ptr<OutlierEndpoint> outlier_;
  std::unique_ptr<TlsConnector> tls_http_;
  std::unique_ptr<TlsConnector> tls_tcp_;
  MeasuredConnector http_connector_;
  MeasuredConnector tcp_connector_;
  ConnectionPool pool_;
};
}  // namespace heddle
