// Where intercepted connections go, by their original destination (SO_ORIGINAL_DST). Outbound: (a) to a service's
// address: as if a listener named that service and port (OutboundRouter); (b) to an endpoint's address: there, with its
// identity, and no route applies; (c) elsewhere: opaque bytes to it, or denied. Inbound: to the local application at
// the port that was called. Both belong to a worker's loop and outlive its exchanges. A look-up of a table per request,
// for the newest snapshot decides; nothing is allocated once a destination is known.
#pragma once
#include "proxy/app/direct_sets.h"
#include "proxy/app/routers.h"

namespace heddle {
class RedirectedOutbound final : public RequestRouter, public TcpRouter {
 public:
  RedirectedOutbound(OutboundRouter& services, UpstreamContext&, WorkerConfig&, bool external_allowed);
  Result<RouteTarget> route(const RequestHead&, const ConnectionInfo&) override;
  bool asks_server_name(const ConnectionInfo&) override;
  Result<RouteTarget> route_tcp(const ConnectionInfo&) override;

 private:
  const Destination* find(const ConnectionInfo&) const;
  Result<RouteTarget> to_endpoint(const Destination&);
  Result<RouteTarget> to_external(const Address&);

  OutboundRouter& services_;
  WorkerConfig& config_;
  bool external_allowed_;
  std::shared_ptr<const BackendSetSpec> external_;
  RouteRuntime& external_runtime_;
  DirectSets sets_;
};

class RedirectedInbound final : public RequestRouter, public TcpRouter {
 public:
  RedirectedInbound(UpstreamContext&, WorkerConfig&, const ListenerSettings&);
  Result<RouteTarget> route(const RequestHead&, const ConnectionInfo& from) override { return route_tcp(from); }
  Result<RouteTarget> route_tcp(const ConnectionInfo&) override;

 private:
  bool to_localhost_;
  std::shared_ptr<const BackendSetSpec> application_;
  RouteRuntime& runtime_;  // one for all ports: who scans them makes no metrics
  DirectSets sets_;
};

// 127.0.0.1 or ::1 with the same port.
Address localhost_of(const Address&);
}  // namespace heddle
