#include "proxy/app/worker_core.h"

#include <algorithm>
#include <utility>

#include "certs/peer_certificate.h"
#include "proxy/app/access_settings.h"
#include "proxy/app/listener_detection.h"

namespace heddle {
namespace {
SessionLimits application_session() {
  SessionLimits limits;
  limits.idle = 3s;  // T6: shorter than any application's own keep-alive
  return limits;
}

// Whom we will be once an identity has come; the same that is asked for where the bootstrap names none.
SpiffeId expected_identity(const Settings& settings) {
  if (settings.identity.id) return *settings.identity.id;
  auto id = SpiffeId::for_workload(*settings.trust_domain, settings.ns, settings.node);
  if (id) return *std::move(id);
  return *SpiffeId::for_workload(*settings.trust_domain, settings.ns, "unknown");  // a node that no id can name
}

// Of a listener for one service nothing is known until there is a configuration.
FactOrigin fact_origin_of(const ListenerSettings& settings) {
  if (settings.direction == ListenerSettings::Direction::kOutbound) {
    return {FactDirection::kOutbound, 0, {}, settings.service.empty() && !settings.intercept};
  }
  if (settings.intercept) return {FactDirection::kInbound, 0, {}, false};  // of many ports
  return {FactDirection::kInbound, settings.forward->port()};
}

// Each worker remembers its part.
std::unique_ptr<FactRecorder> make_facts(const WorkerShared& shared) {
  if (!shared.settings.facts) return nullptr;
  return std::make_unique<FactRecorder>((kMaxFacts + shared.workers - 1) / shared.workers);
}

bool is_inbound(const ListenerSettings& settings) {
  return settings.direction == ListenerSettings::Direction::kInbound;
}

bool is_permissive(const ListenerSettings& settings) {
  return is_inbound(settings) && settings.tls == InboundTls::kPermissive;
}

SessionLimits mesh_session() {
  SessionLimits limits;
  limits.idle = 1h;
  return limits;
}
}  // namespace

Result<std::shared_ptr<const TlsContext>> WorkerIdentity::client_context() {
  if (current_ == nullptr) return make_error(Reason::kUnavailable, "this sidecar has no identity yet");
  return current_->client;
}

// Whoever was verified comes in: members of our trust domain and of the federated ones, each by the roots of its own.
// What a member of another one may do is for authorization to say (lib/policy/authz.h).
Result<TlsSetup> WorkerIdentity::server_setup() {
  if (current_ == nullptr) return make_error(Reason::kUnavailable, "this sidecar has no identity yet");
  TlsSetup setup;
  setup.context = current_->server;
  setup.gate = &gate_;
  setup.watcher = &accepted_;
  return setup;
}

Worker::Core::Served::Served(Core& core, const ListenerSettings& settings)
    : metrics(core.shared_.metrics, settings.name),
      permissive(is_permissive(settings) ? std::make_unique<PermissiveMetrics>(core.shared_.metrics, settings.name)
                                         : nullptr),
      observer(
          {core.loop_, core.access_log_, metrics, core.shared_.log.module("listener"),
           settings.direction == ListenerSettings::Direction::kInbound ? Direction::kInbound : Direction::kOutbound,
           core.index_, permissive.get(), core.spans_}),
      outbound(settings.direction == ListenerSettings::Direction::kOutbound
                   ? std::make_unique<OutboundRouter>(core.config_, settings, core.shared_.settings.ns, core.own_name_,
                                                      core.random_)
                   : nullptr),
      inbound(is_inbound(settings) && !settings.intercept
                  ? std::make_unique<InboundRouter>(core.upstream_, core.config_, settings)
                  : nullptr),
      redirected_outbound(
          outbound && settings.intercept
              ? std::make_unique<RedirectedOutbound>(*outbound, core.upstream_, core.config_, settings.external_allowed)
              : nullptr),
      redirected_inbound(is_inbound(settings) && settings.intercept
                             ? std::make_unique<RedirectedInbound>(core.upstream_, core.config_, settings)
                             : nullptr),
      admission(is_inbound(settings)
                    ? std::make_unique<PortAdmission>(core.authz_, settings.forward ? settings.forward->port() : 0)
                    : nullptr),
      overload(inbound ? std::make_unique<OverloadGate>(core.overload_gate_of(settings)) : nullptr),
      detector(settings.intercept ? nullptr : make_detector(settings, core.detection_of(settings), core.shared_)),
      revoker(core.loop_),
      caller_fields({is_inbound(settings) ? Direction::kInbound : Direction::kOutbound, settings.forward_client_cert,
                     settings.trust_forwarded},
                    core.own_name_),
      fact_origin(fact_origin_of(settings)),
      http(ExchangeServices{core.loop_, router(), observer, core.exchanges_, core.loop_guard_, caller_fields,
                            core.random_, is_inbound(settings) ? Direction::kInbound : Direction::kOutbound, 300s,
                            outbound && !settings.intercept && core.shared_.ask_for_service ? &core.wants_ : nullptr,
                            admission.get(), is_inbound(settings) ? &revoker : nullptr, &core.pressure_,
                            core.tracer_.get(), &core.mirrors_, overload.get(),
                            is_inbound(settings) ? &core.limits_ : nullptr, core.facts_.get(), &fact_origin}),
      tcp(TcpServices{{core.loop_, core.downstream_},
                      tcp_router(),
                      observer,
                      &core.pipes_,
                      Tunnel::kIdleTimeout,
                      core.shared_.settings.drain,
                      admission.get(),
                      is_inbound(settings) ? &revoker : nullptr,
                      settings.forward_proxy_protocol}),
      incoming({core.loop_, core.downstream_, core.parking_.get()}) {
  set_up(core, settings);
}

void Worker::Core::Served::set_up(Core& core, const ListenerSettings& settings) {
  bool mesh = is_inbound(settings) && settings.tls == InboundTls::kStrict;
  Protocols& protocols = mesh ? core.mesh_protocols_ : core.edge_protocols_;
  incoming.protocol = settings.protocol;
  incoming.tls = is_inbound(settings) ? settings.tls : InboundTls::kOff;
  incoming.proxy_header = settings.proxy_protocol;
  incoming.permissive = permissive.get();
  incoming.tls_source = &core.identity_;
  incoming.detector = detector.get();
  incoming.http1 = &protocols.http1_server();
  incoming.http2 = &protocols.http2_server();
  incoming.http = &http;
  incoming.tcp = &tcp;
  incoming.session = mesh ? mesh_session() : SessionLimits{};
  incoming.session.drain = core.shared_.settings.drain;
  if (settings.intercept) interception = core.make_interception(settings, incoming);
}

std::vector<Address> Worker::Core::own_addresses() const {
  if (!shared_.addresses.empty()) return shared_.addresses;
  std::vector<Address> out;
  for (const ListenerSettings& settings : shared_.settings.listeners) out.push_back(settings.address);
  return out;
}

std::unique_ptr<Interception> Worker::Core::make_interception(const ListenerSettings& settings,
                                                              const IncomingSpec& base) {
  Interception::MakeDetector make = [this, &settings](const Address& to, DestinationMemory& memory) {
    Detector::Spec spec = *detector_spec(settings);
    spec.destination = to.text();
    return std::make_unique<Detector>(std::move(spec), memory, shared_.metrics, shared_.log.module("detection"));
  };
  WorkerWants* wants = is_inbound(settings) || !wants_.can_ask() ? nullptr : &wants_;
  return std::make_unique<Interception>(settings, own_addresses(), config_, base, std::move(make), wants);
}

// Null: nothing is learned.
DestinationMemory* Worker::Core::detection_of(const ListenerSettings& settings) {
  if (shared_.detection == nullptr) return nullptr;
  return &shared_.detection->of(static_cast<size_t>(&settings - shared_.settings.listeners.data()));
}

OverloadGate::Inputs Worker::Core::overload_gate_of(const ListenerSettings& settings) const {
  return {shared_.metrics, settings.name, settings.forward->port(), shared_.workers, shared_.proxy_id, pressure_};
}

// Which Workload says what our application takes: known with a snapshot and an identity, asked again with either.
void Worker::Core::choose_overload() {
  if (config_.current() == nullptr) return;
  auto workload = overload_of(config_.current()->snapshot->model().workloads, authz_.identity());
  for (auto& served : served_) {
    if (served->overload != nullptr) served->overload->apply(workload);
  }
}

void Worker::Core::remember_for(const Snapshot& snapshot) {
  if (facts_ == nullptr) return;
  facts_->set_config(snapshot.version(), snapshot.kept_names());
  for (size_t i = 0; i < served_.size(); ++i) {
    const ListenerSettings& settings = shared_.settings.listeners[i];
    if (settings.service.empty()) continue;
    ServiceRef found = snapshot.resolve(settings.service, shared_.settings.ns);
    FactOrigin& origin = served_[i]->fact_origin;
    origin.is_known = found.service != nullptr;
    if (origin.is_known) origin.service = found.service->spec->key.text();
  }
}

Worker::Core::Core(uint32_t index, const WorkerShared& shared, Loop& loop)
    : shared_(shared),
      index_(index),
      loop_(loop),
      random_(shared.random != nullptr ? *shared.random : system_random_),
      untrusted_(loop, {&downstream_, &upstream_registry_}),
      downstream_metrics_(shared.metrics),
      parking_(ParkingLot::create(loop, downstream_, std::move(downstream_metrics_.parked))),
      mesh_protocols_(loop, HttpLimits::mesh()),
      edge_protocols_(loop, HttpLimits{}),
      connector_(loop),
      gate_watch_(shared.metrics),
      handshakes_(loop, {}, &gate_watch_),
      identity_(handshakes_, shared.metrics),
      upstream_{{loop, upstream_registry_},
                mesh_protocols_,
                connector_,
                identity_,
                shared.health,
                shared.balancers,
                random_,
                shared.metrics,
                application_session(),
                mesh_session(),
                {},
                shared.workers,
                shared.settings.zone},
      config_(upstream_, shared.metrics),
      authz_({shared.metrics, expected_identity(shared.settings), shared.settings.ns,
              shared.settings.config.source == ConfigSettings::Source::kNone ? AwaitConfig::kNo : AwaitConfig::kYes}),
      limits_({shared.metrics, *shared.rates, expected_identity(shared.settings), shared.settings.ns}),
      access_log_(access_policy(shared.settings.access_log), shared.access_writer->add_ring()),
      tracer_(shared.spans ? std::make_unique<Tracer>(shared.settings.tracing.ratio, random_) : nullptr),
      spans_(shared.spans ? &shared.spans->add_ring() : nullptr),
      facts_(make_facts(shared)),
      wants_(loop, shared.ask_for_service),
      cap_(ConnectionCap::default_limit(0.45, shared.workers)) {
  downstream_.set_on_removed([this] { on_connection_removed(); });
  upstream_registry_.set_on_removed([this] {
    if (on_ended_) on_connection_removed();
  });
  if (shared.identities != nullptr) {
    identities_ = shared.identities->subscribe(
        loop, [this](const std::shared_ptr<const TlsIdentity>& identity) { on_identity(identity); });
  }
  if (shared.snapshots != nullptr) {
    snapshots_ = shared.snapshots->subscribe(
        loop, [this](std::shared_ptr<const Snapshot> snapshot) { on_snapshot(std::move(snapshot)); });
  }
  if (shared.resolved != nullptr) {
    resolved_ = shared.resolved->subscribe(
        loop, [this](std::shared_ptr<const ResolvedSets> resolved) { config_.resolve(std::move(resolved)); });
  }
}

Worker::Core::~Core() = default;

void Worker::Core::shutdown(std::function<void()> on_ended) {
  on_ended_ = std::move(on_ended);
  snapshots_.reset();
  resolved_.reset();
  identities_.reset();
  for (auto& served : served_) served->listener.reset();
  Error why = make_error(Reason::kDraining, "the proxy stops");
  downstream_.abort_all(why);
  upstream_registry_.abort_all(why);
  loop_.defer(recount_);
}

Result<void> Worker::Core::listen() {
  for (const ListenerSettings& settings : shared_.settings.listeners) {
    served_.push_back(std::make_unique<Served>(*this, settings));
    Served& served = *served_.back();
    ListenSpec spec;
    spec.address = shared_.addresses.empty() ? settings.address : shared_.addresses[served_.size() - 1];
    spec.reuse_port = true;
    spec.intercepted = settings.intercept;
    auto listener = Listener::listen(loop_, spec, cap_, [this, &served](std::unique_ptr<Transport> transport) {
      served.metrics.accepted.add(1);
      if (served.interception != nullptr) {
        served.interception->accept(std::move(transport));
      } else {
        accept_connection(served.incoming, std::move(transport));
      }
      count_connections();
    });
    if (!listener) return std::move(listener).error().within("listener \"" + settings.name + "\"");
    served.listener = *std::move(listener);
    served.listener->start();
  }
  choose_overload();
  if (config_.current() != nullptr) remember_for(*config_.current()->snapshot);
  look_due_ = loop_.now() + LoopLag::kEvery;
  look_.arm(loop_, LoopLag::kEvery);
  return {};
}

std::vector<Address> Worker::Core::addresses() const {
  std::vector<Address> out;
  for (const auto& served : served_) out.push_back(served->listener->address());
  return out;
}

void Worker::Core::on_snapshot(std::shared_ptr<const Snapshot> snapshot) {
  Version version = snapshot->version();
  const Snapshot* newest = snapshot.get();
  applied_snapshot.store(nullptr, std::memory_order_release);  // the old one may be freed: its address may come back
  bool other_policies = authz_.set_snapshot(snapshot);
  limits_.set_snapshot(snapshot);
  config_.apply(std::move(snapshot));
  remember_for(*config_.current()->snapshot);
  choose_overload();
  applied_epoch.store(version.epoch, std::memory_order_relaxed);
  applied_sequence.store(version.sequence, std::memory_order_release);
  applied_snapshot.store(newest, std::memory_order_release);
  has_config.store(true, std::memory_order_release);
  if (other_policies) reauthorize();
  if (shared_.on_applied) shared_.on_applied();
}

void Worker::Core::on_identity(const std::shared_ptr<const TlsIdentity>& identity) {
  bool other_policies = identity != nullptr && identity->svid != nullptr && authz_.set_identity(identity->svid->id);
  if (identity != nullptr && identity->svid != nullptr) own_name_.set(identity->svid->id);
  if (identity != nullptr && identity->svid != nullptr) limits_.set_identity(identity->svid->id);
  choose_overload();
  applied_identity.store(nullptr, std::memory_order_release);  // the old one may be freed: its address may come back
  identity_.set(identity);
  if (identity != nullptr) untrusted_.use(identity->bundle);
  applied_identity.store(identity.get(), std::memory_order_release);
  if (shared_.on_applied) shared_.on_applied();
  if (other_policies) reauthorize();
}

// Each request asks for itself; what goes on for long asked once.
void Worker::Core::reauthorize() {
  for (auto& served : served_) {
    if (served->admission) served->revoker.reauthorize();
  }
}

// A connection changes its owner while its protocol is found out: what counts is how many there are after the turn.
void Worker::Core::on_connection_removed() { loop_.defer(recount_); }

void Worker::Core::recount() {
  while (cap_.used() > downstream_.size()) cap_.give_back();
  count_connections();
  for (auto& served : served_) {
    if (served->listener != nullptr) served->listener->connection_ended();
  }
  if (on_ended_ && is_empty()) std::exchange(on_ended_, nullptr)();
  if (on_drained_ && !accepting_ && downstream_.size() == 0) std::exchange(on_drained_, nullptr)();
}

void Worker::Core::set_memory_pressure(Pressure pressure) {
  of_memory_ = pressure;
  if (pressure != Pressure::kNone) loop_.blocks().trim();
  apply_pressure();
}

// Due again from now, not from when this look was due: a loop that was late once has nothing to make up for.
void Worker::Core::look_at_lag() {
  Duration late = std::max(loop_.now() - look_due_, Duration{});
  downstream_metrics_.lag.observe(late);
  of_lag_ = lag_.judge(late);
  apply_pressure();
  look_due_ = loop_.now() + LoopLag::kEvery;
  look_.arm(loop_, LoopLag::kEvery);
}

// Who connects meanwhile waits in the kernel's queue.
void Worker::Core::apply_pressure() {
  Pressure before = std::exchange(pressure_, std::max(of_memory_, of_lag_));
  if (of_memory_ != Pressure::kNone) close_idle();
  cap_.set_open(pressure_ != Pressure::kFull);
  if (before != Pressure::kFull || pressure_ == Pressure::kFull) return;
  for (auto& served : served_) {
    if (served->listener != nullptr) served->listener->connection_ended();
  }
}

// Every look: what becomes idle while memory is short does not stay.
void Worker::Core::close_idle() {
  auto drain_idle = [](Connection& connection) {
    if (connection.active_streams() == 0) connection.drain();
  };
  downstream_.for_each(drain_idle);
  upstream_registry_.for_each(drain_idle);
}

std::vector<ConnectionRow> Worker::Core::connections() {
  std::vector<ConnectionRow> rows;
  downstream_.for_each([&](Connection& connection) {
    ConnectionInfo info = connection.describe();
    ConnectionRow row{std::string(connection.protocol()), info.peer.text(), info.local.text(), {}, 0};
    if (info.peer_certificate && info.peer_certificate->spiffe_id()) {
      row.identity = info.peer_certificate->spiffe_id()->text();
    }
    row.streams = connection.active_streams();
    rows.push_back(std::move(row));
  });
  return rows;
}
}  // namespace heddle
