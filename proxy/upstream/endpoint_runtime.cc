#include "proxy/upstream/endpoint_runtime.h"

#include <utility>

#include "lib/session/protocols.h"

namespace heddle {
void LeftRuntimes::add(std::shared_ptr<EndpointRuntime> runtime) {
  runtimes_.push_back(std::move(runtime));
  loop_.defer(clear_);
}

void LeftRuntimes::clear() { std::exchange(runtimes_, {}).clear(); }

EndpointRuntime::EndpointRuntime(UpstreamContext& context, const Endpoint& endpoint, const BackendSetSpec& set,
                                 PoolShare share, const PoolLimits& limits)
    : context_(context),
      endpoint_(endpoint),
      tls_(tls_of(set, endpoint)),
      protocol_(set.protocol),
      health_(context.health.get(health_key(endpoint.key))),
      tls_http_(tls_ == UpstreamTls::kMtls ? make_tls(alpn::kHttp2) : nullptr),
      tls_tcp_(tls_ == UpstreamTls::kMtls ? make_tls(alpn::kTcp) : nullptr),
      http_connector_(context.session_context.loop, below(tls_http_), share.metrics),
      tcp_connector_(context.session_context.loop, below(tls_tcp_), share.metrics),
      pool_(context.session_context, pool_spec(std::move(share), limits)) {}

std::unique_ptr<TlsConnector> EndpointRuntime::make_tls(std::string_view only_alpn) {
  EndpointTls with{context_.session_context.loop, context_.connector, context_.tls};
  return make_endpoint_connector(with, endpoint_.key, only_alpn);
}

PoolSpec EndpointRuntime::pool_spec(PoolShare share, const PoolLimits& limits) {
  PoolSpec spec;
  spec.share = std::move(share);
  bool http2 = tls_ == UpstreamTls::kMtls || protocol_ == UpstreamProtocol::kHttp2;
  spec.address = endpoint_.address();
  spec.connector = &http_connector_;
  spec.http1 = &context_.protocols.http1_client();
  spec.http2 = &context_.protocols.http2_client();
  spec.prior_knowledge_http2 = tls_ == UpstreamTls::kPlaintext && protocol_ == UpstreamProtocol::kHttp2;
  spec.expect_http2 = http2;
  spec.session = http2 ? context_.http2_session : context_.http1_session;
  // Applications may take offence: gRPC servers end a connection that pings more often than every five minutes.
  if (tls_ == UpstreamTls::kPlaintext) spec.session.keep_alive = KeepAlive::off();
  spec.limits = limits;
  return spec;
}

bool EndpointRuntime::fits(const Endpoint& endpoint, UpstreamTls tls, UpstreamProtocol protocol) const {
  return endpoint.key == endpoint_.key && tls == tls_ && protocol == protocol_;
}
}  // namespace heddle
