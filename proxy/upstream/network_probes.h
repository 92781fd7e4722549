// NetworkProbes: the probes that really dial (probe_tcp.cc, probe_http.cc, probe_grpc.cc): over mutual TLS with the
// endpoint's expected identity where the backend set says `tls: mtls`, else in plaintext. Main loop; must outlive its
// probes, and the loop must run on until their connections have ended.
#pragma once
#include "lib/net/connector.h"
#include "lib/session/session.h"
#include "proxy/upstream/endpoint_tls.h"
#include "proxy/upstream/probe.h"

namespace heddle {
class Protocols;

struct ProbeContext {
  SessionContext session;
  Protocols& protocols;
  Connector& tcp;
  ClientTlsSource& tls;
};

// HTTP: GET, HEAD or OPTIONS; passes when the status is in one of the expected ranges. HTTP/2 over mutual TLS, and in
// plaintext where the backend set says so; else HTTP/1.1. The connection is kept, and forgotten after a failure.
std::unique_ptr<Probe> make_http_probe(ProbeContext&, const ProbeSpec&);
// Plaintext: passes when the connect does. Mutual TLS (ALPN heddle-tcp): the far sidecar accepts for an application
// that may be gone and then cuts us off, so it passes when bytes arrive or the connection lives for a moment.
std::unique_ptr<Probe> make_tcp_probe(ProbeContext&, const ProbeSpec&);
// grpc.health.v1.Health/Check of the gRPC health checking protocol, over HTTP/2 by prior knowledge in plaintext; passes
// when the service is SERVING. A connection for each check.
std::unique_ptr<Probe> make_grpc_probe(ProbeContext&, const ProbeSpec&);

class NetworkProbes final : public ProbeFactory {
 public:
  explicit NetworkProbes(const ProbeContext& context) : context_(context) {}
  std::unique_ptr<Probe> make(const ProbeSpec& spec) override {
    if (spec.check.kind == CheckKind::kHttp) return make_http_probe(context_, spec);
    if (spec.check.kind == CheckKind::kGrpc) return make_grpc_probe(context_, spec);
    return make_tcp_probe(context_, spec);
  }

 private:
  ProbeContext context_;
};
}  // namespace heddle
