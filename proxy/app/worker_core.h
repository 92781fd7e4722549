// Worker::Core: everything that lives on a worker's loop, in the order it must be destroyed. Private to proxy/app.
#pragma once
#include <atomic>

#include "lib/net/listener.h"
#include "lib/session/parking_lot.h"
#include "lib/session/protocols.h"
#include "lib/session/untrusted_peers.h"
#include "proxy/app/inbound_authz.h"
#include "proxy/app/interception.h"
#include "proxy/app/redirected_routers.h"
#include "proxy/app/routers.h"
#include "proxy/app/traffic_observer.h"
#include "proxy/app/worker.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/tcp_proxy.h"

namespace heddle {

class GateWatch final : public HandshakeGate::Watcher {
 public:
  explicit GateWatch(Registry& registry) : metrics_(registry) {}
  void on_in_flight(size_t now) override { metrics_.active.set(static_cast<int64_t>(now)); }
  void on_delayed() override { metrics_.delayed.add(1); }

 private:
  HandshakeGateMetrics metrics_;
};

// Of one side ("server", "client").
class HandshakeWatch final : public HandshakeWatcher {
 public:
  HandshakeWatch(Registry& registry, std::string_view side) : metrics_(registry, side) {}
  void on_handshake(Reason result, Duration took) override {
    metrics_.handshakes[result].add(1);
    if (result == Reason::kNone) metrics_.handshake_time.observe(took);
  }

 private:
  TlsMetrics metrics_;
};

// The identity this worker uses now, for both directions.
class WorkerIdentity final : public ClientTlsSource, public ServerTlsSource {
 public:
  WorkerIdentity(HandshakeGate& gate, Registry& registry)
      : gate_(gate), accepted_(registry, "server"), dialled_(registry, "client") {}
  void set(std::shared_ptr<const TlsIdentity> identity) { current_ = std::move(identity); }
  Result<std::shared_ptr<const TlsContext>> client_context() override;
  HandshakeWatcher* handshake_watcher() override { return &dialled_; }
  Result<TlsSetup> server_setup() override;

 private:
  HandshakeGate& gate_;
  HandshakeWatch accepted_;
  HandshakeWatch dialled_;
  std::shared_ptr<const TlsIdentity> current_;
};

class Worker::Core {
 public:
  Core(uint32_t index, const WorkerShared& shared, Loop& loop);
  ~Core();
  Result<void> listen();
  void drain(DrainTimes, std::function<void()> on_drained);  // these two in worker_drain.cc
  void drain_inbound(DrainTimes, std::function<void()> on_gone = {});
  // Ends everything at once; on_ended when no connection is left (their memory is this core's).
  void shutdown(std::function<void()> on_ended);
  bool is_empty() const { return downstream_.size() == 0 && upstream_registry_.size() == 0; }
  void set_access_log(AccessLogPolicy policy) { access_log_.set_policy(policy); }
  void set_memory_pressure(Pressure);
  std::vector<ConnectionRow> connections();
  Result<Explanation> explain(const LiveQuestion&);  // in live_explain.cc
  FactSlots facts() const { return facts_ == nullptr ? FactSlots() : facts_->copy(); }
  std::vector<Address> addresses() const;
  std::atomic<uint64_t> applied_epoch{0};
  std::atomic<uint64_t> applied_sequence{0};
  std::atomic<bool> has_config{false};
  std::atomic<const TlsIdentity*> applied_identity{nullptr};  // to be compared only
  std::atomic<const Snapshot*> applied_snapshot{nullptr};     // to be compared only

 private:
  // One listener of the bootstrap with everything its connections share.
  struct Served {
    Served(Core& core, const ListenerSettings& settings);
    void set_up(Core& core, const ListenerSettings& settings);  // of the constructor: `incoming`
    ListenerMetrics metrics;
    std::unique_ptr<PermissiveMetrics> permissive;  // null of others
    TrafficObserver observer;
    std::unique_ptr<OutboundRouter> outbound;
    std::unique_ptr<InboundRouter> inbound;                   // null of outbound and of intercepted ones
    std::unique_ptr<RedirectedOutbound> redirected_outbound;  // null of explicit ones, with outbound
    std::unique_ptr<RedirectedInbound> redirected_inbound;    // null of explicit ones
    std::unique_ptr<PortAdmission> admission;                 // null of outbound ones
    std::unique_ptr<OverloadGate> overload;                   // null of outbound ones
    std::unique_ptr<Detector> detector;                       // null where the protocol is declared
    Revoker revoker;
    CallerFields caller_fields;
    FactOrigin fact_origin;
    ExchangeHandler http;
    TcpProxy tcp;
    IncomingSpec incoming;
    std::unique_ptr<Interception> interception;  // null of explicit ones
    std::unique_ptr<Listener> listener;
    // Sessions and tunnels look at it when they are told to drain.
    void set_drain(Duration deadline) {
      incoming.session.drain = deadline;
      tcp.set_drain(deadline);
      if (interception != nullptr) interception->set_drain(deadline);
    }
    template <class Router>
    Router& router_as() {
      if (redirected_outbound) return *redirected_outbound;
      if (redirected_inbound) return *redirected_inbound;
      return outbound ? static_cast<Router&>(*outbound) : *inbound;
    }
    RequestRouter& router() { return router_as<RequestRouter>(); }
    TcpRouter& tcp_router() { return router_as<TcpRouter>(); }
  };
  std::unique_ptr<Interception> make_interception(const ListenerSettings&, const IncomingSpec&);
  std::vector<Address> own_addresses() const;
  DestinationMemory* detection_of(const ListenerSettings&);
  OverloadGate::Inputs overload_gate_of(const ListenerSettings&) const;
  void choose_overload();
  void remember_for(const Snapshot&);
  ExplainedSidecar describe(size_t listener) const;
  Result<void> explain_outbound(const LiveQuestion&, Explanation&);
  Result<void> explain_inbound(const LiveQuestion&, Explanation&);
  void explain_limits(const Model&, const AuthzFacts&, Explanation&) const;
  static void explain_pressure(const Served&, Explanation&);
  void on_snapshot(std::shared_ptr<const Snapshot>);
  void on_identity(const std::shared_ptr<const TlsIdentity>&);
  void reauthorize();
  void count_connections() { downstream_metrics_.connections.set(static_cast<int64_t>(downstream_.size())); }
  void on_connection_removed();
  bool is_of_application(const Connection&) const;
  bool has_application();
  void drain_callers();
  bool has_callers();
  void look_at_callers();
  void stop_inbound();
  void stop_accepting();
  void look_at_application();
  void drain_all() { downstream_.drain_all(); }
  void recount();
  void look_at_lag();
  void apply_pressure();
  void close_idle();

  const WorkerShared& shared_;
  uint32_t index_;
  Loop& loop_;
  SystemRandom system_random_;
  Random& random_;
  ConnectionRegistry downstream_;
  ConnectionRegistry upstream_registry_;
  UntrustedPeers untrusted_;
  DownstreamMetrics downstream_metrics_;
  std::unique_ptr<ParkingLot> parking_;
  Protocols mesh_protocols_;
  Protocols edge_protocols_;  // plaintext listeners: lower limits against resets
  TcpConnector connector_;
  GateWatch gate_watch_;
  HandshakeGate handshakes_;
  WorkerIdentity identity_;
  UpstreamContext upstream_;
  WorkerConfig config_;
  InboundAuthz authz_;
  RequestLimits limits_;
  OwnName own_name_;
  PipePool pipes_;
  ObjectPool<Exchange> exchanges_;
  LoopGuard loop_guard_{shared_.proxy_id};
  MirrorSender mirrors_{loop_, loop_guard_};
  AccessLog access_log_;
  std::unique_ptr<Tracer> tracer_;       // null: nothing is traced
  SpanRing* spans_ = nullptr;            // beside it
  std::unique_ptr<FactRecorder> facts_;  // null: no request is remembered
  WorkerWants wants_;
  ConnectionCap cap_;
  std::vector<std::unique_ptr<Served>> served_;
  DeferredOf<Core, &Core::recount> recount_{*this};
  DeferredOf<Core, &Core::drain_all> drain_late_{*this};
  DeferredOf<Core, &Core::drain_callers> drain_callers_late_{*this};
  DeadlineOf<Core, &Core::stop_inbound> inbound_over_{*this};
  DeadlineOf<Core, &Core::look_at_application> look_at_application_{*this};
  DeadlineOf<Core, &Core::look_at_callers> look_at_callers_{*this};
  DeadlineOf<Core, &Core::stop_accepting> accept_over_{*this};
  LoopLag lag_;
  DeadlineOf<Core, &Core::look_at_lag> look_{*this};
  MonoTime look_due_;
  Pressure of_memory_ = Pressure::kNone;
  Pressure of_lag_ = Pressure::kNone;
  Pressure pressure_ = Pressure::kNone;  // the worse of both
  bool accepting_ = true;
  bool accepting_inbound_ = true;
  std::function<void()> on_drained_;
  std::function<void()> on_callers_gone_;
  std::function<void()> on_ended_;
  Subscription snapshots_;
  Subscription resolved_;
  Subscription identities_;
};
}  // namespace heddle
