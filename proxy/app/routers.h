// The two ways a listener finds where a request goes. OutboundRouter asks the snapshot (lib/decision); InboundRouter
// forwards to the local application. Both belong to a worker's loop and outlive its exchanges.
#pragma once
#include <memory>

#include "lib/decision/decide.h"
#include "proxy/app/route_cells.h"
#include "proxy/app/route_watch.h"
#include "proxy/app/settings.h"
#include "proxy/app/worker_config.h"

namespace heddle {

// The times of a request: what the rule leaves open the policy of its backend set may say. "0s" in a rule switches a
// time off, the policy's too. Either may be nullptr. Pure.
void set_timeouts(const RouteTimeouts* of_rule, const TrafficPolicySpec* policy, RouteTarget& out);

class OutboundRouter final : public RequestRouter, public TcpRouter {
 public:
  OutboundRouter(WorkerConfig& config, const ListenerSettings& listener, std::string client_ns, const OwnName& own,
                 Random& random);
  Result<RouteTarget> route(const RequestHead&, const ConnectionInfo&) override;
  bool asks_server_name(const ConnectionInfo&) override;
  Result<RouteTarget> route_tcp(const ConnectionInfo&) override;
  // route() with a given draw, for `explain`: the target has no runtime, and no metric is made for it.
  Result<RouteTarget> route_watched(const RequestHead&, const ConnectionInfo&, uint64_t draw, RouteWatch&);

 private:
  // nullptr: traffic.
  Result<RouteTarget> route_drawn(const RequestHead&, const ConnectionInfo&, uint64_t draw, RouteWatch*);
  ServiceRef service_for(const std::shared_ptr<const WorkerSnapshot>&, std::string_view authority,
                         const ConnectionInfo&);
  RouteTarget target(std::shared_ptr<const WorkerSnapshot>, const Decision&, const RequestHead*, const ConnectionInfo&);
  RouteRuntime& runtime_of(const Decision&);

  WorkerConfig& config_;
  std::string service_;  // "hello.default:80"; empty: by Host, or
  bool by_destination_;  // by the original destination alone, whatever the Host says
  std::string client_ns_;
  const OwnName& own_;
  Random& random_;
  // What was resolved against the snapshot in hand; forgotten when the next one comes.
  std::shared_ptr<const WorkerSnapshot> resolved_for_;
  ServiceRef fixed_service_;
  RouteCells cells_;
};

class InboundRouter final : public RequestRouter, public TcpRouter {
 public:
  InboundRouter(UpstreamContext&, WorkerConfig&, const ListenerSettings&);
  Result<RouteTarget> route(const RequestHead&, const ConnectionInfo&) override { return target_; }
  Result<RouteTarget> route_tcp(const ConnectionInfo&) override { return target_; }
  const BackendSet& application() const noexcept { return application_; }

 private:
  BackendSet application_;
  RouteTarget target_;
};
}  // namespace heddle
