#include "proxy/app/operations.h"

#include <utility>

#include "lib/base/drain.h"
#include "lib/base/strings.h"
#include "lib/inject/release_hooks.h"
#include "lib/metrics/process_metrics.h"
#include "proxy/admin/admin_server.h"
#include "proxy/admin/application_probes.h"
#include "proxy/admin/health_endpoints.h"
#include "proxy/admin/http_endpoint.h"
#include "proxy/admin/loop_watchdog.h"
#include "proxy/admin/stats_page.h"
#include "proxy/app/explain_answer.h"
#include "proxy/app/fact_answer.h"
#include "proxy/app/listener_detection.h"
#include "proxy/telemetry/proxy_metrics.h"
#include "proxy/upstream/health_checker.h"
#include "proxy/upstream/network_probes.h"
#include "proxy/upstream/outlier_sweeper.h"

namespace heddle {
namespace {
constexpr Duration kSweepEvery = 60s;
constexpr Duration kObserveEvery = 1s;

class ProxyOperations final : public Operations {
 public:
  explicit ProxyOperations(OperationsInputs inputs);
  ~ProxyOperations() override;
  Result<void> start();
  void set_draining() override;
  void on_applied() override { look_at_config(); }

 private:
  Result<void> start_health();
  Result<void> start_application_probes();
  Result<void> start_stats();
  Result<void> start_admin();
  void follow_config();
  void read_config();
  void follow_identity();
  void look_at_config();
  void look_at_identity();
  void count_rotations();
  std::string explain(std::string_view item) const;
  StatsPage stats_page() const;
  AdminProviders admin_providers();
  std::vector<ListenerRow> list_listeners() const;
  void list_connections(AdminProviders::OnConnections);
  void explain_request(std::string_view body, AdminProviders::OnExplained);
  void list_facts(AdminProviders::OnFacts);
  void leave(Duration within, AdminProviders::OnLeft);
  void await_left(HttpServer::Respond);
  void sweep();
  void observe();
  Loop& loop() const { return in_.context.loop; }

  OperationsInputs in_;
  MonoTime started_;
  NetworkProbes probes_;
  HealthChecker checker_;
  OutlierSweeper outliers_;
  ControlMetrics metrics_;
  LogMetrics log_metrics_;
  Readiness readiness_;
  Readiness::Blocker config_missing_;
  Readiness::Blocker identity_missing_;
  Readiness::Blocker dns_missing_;  // names of the first configuration that were never looked up
  Readiness::Blocker draining_;
  LoopWatchdog watchdog_;
  HealthProviders health_providers_;
  std::unique_ptr<ApplicationProbes> application_probes_;
  std::unique_ptr<HttpEndpoint> health_;
  std::unique_ptr<HttpEndpoint> stats_;
  std::unique_ptr<AdminServer> admin_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::shared_ptr<const TlsIdentity> identity_;
  Subscription snapshots_;
  Subscription resolved_;
  Subscription identities_;
  std::vector<Pending> config_readings_;
  std::unique_ptr<Timer> sweep_;
  std::unique_ptr<Timer> observe_;
  RotationCounts rotations_{};                                              // counted so far
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  // workers answer when they come to it
};

ProxyOperations::ProxyOperations(OperationsInputs inputs)
    : in_(std::move(inputs)),
      started_(loop().now()),
      probes_(ProbeContext{in_.context, in_.protocols, in_.connector, in_.tls}),
      checker_({loop(), probes_, in_.health, in_.random, in_.metrics, in_.log.module("health")}),
      outliers_({loop(), in_.health, in_.random, in_.metrics, in_.log.module("outlier")}),
      metrics_(in_.metrics),
      log_metrics_(in_.metrics, in_.log, in_.access_writer),
      watchdog_(loop()),
      health_providers_{loop(),
                        readiness_,
                        in_.metrics,
                        [this] { return watchdog_.beats(); },
                        {"config", "dns", "identity", "shutdown"},
                        [this](std::string_view item) { return explain(item); }},
      sweep_(loop().timer([this] { sweep(); })),
      observe_(loop().timer([this] { observe(); })) {}

ProxyOperations::~ProxyOperations() {
  if (health_ != nullptr) health_->abort();
  if (stats_ != nullptr) stats_->abort();
  if (admin_ != nullptr) admin_->abort();
  loop().run_until([this] {
    return (health_ == nullptr || health_->connections() == 0) && (stats_ == nullptr || stats_->connections() == 0) &&
           (admin_ == nullptr || admin_->connections() == 0);
  });
}

Result<void> ProxyOperations::start() {
  follow_config();
  follow_identity();
  for (size_t i = 0; i < in_.workers.size(); ++i) {
    watchdog_.watch("worker-" + std::to_string(i), in_.workers[i]->loop());
  }
  sweep_->arm(kSweepEvery);
  observe();
  HEDDLE_CHECK_OK(start_health());
  HEDDLE_CHECK_OK(start_stats());
  return start_admin();
}

void ProxyOperations::follow_config() {
  if (in_.config == nullptr) return;
  config_missing_ = readiness_.block("config");
  read_config();
  snapshots_ = in_.config->snapshots().subscribe(loop(), [this](std::shared_ptr<const Snapshot> snapshot) {
    bool first = std::exchange(snapshot_, std::move(snapshot)) == nullptr;
    metrics_.config_updates["ack"].add(1);
    outliers_.apply(*snapshot_);
    in_.dns.apply(*snapshot_);
    if (first && !in_.dns.is_settled()) dns_missing_ = readiness_.block("dns");
    checker_.apply(*snapshot_, in_.dns.resolved().current().get());
    look_at_config();
  });
  resolved_ = in_.dns.resolved().subscribe(loop(), [this](const std::shared_ptr<const ResolvedSets>& resolved) {
    if (in_.dns.is_settled()) dns_missing_.release();
    if (snapshot_ != nullptr) checker_.apply(*snapshot_, resolved.get());
  });
}

// What the source counts itself: true at every scrape.
void ProxyOperations::read_config() {
  auto seconds = [this] { return std::chrono::duration<double>(in_.config->status().lag).count(); };
  config_readings_.push_back(watch_config_lag(in_.metrics, seconds));
  auto refused = [this] { return static_cast<double>(in_.config->counts().refused); };
  config_readings_.push_back(watch_config_refused(in_.metrics, refused));
  auto batches = [this](std::string_view kind, uint64_t ConfigCounts::*count) {
    auto read = [this, count] { return static_cast<double>(in_.config->counts().*count); };
    config_readings_.push_back(watch_config_batches(in_.metrics, kind, read));
  };
  batches("snapshot", &ConfigCounts::snapshots);
  batches("delta", &ConfigCounts::deltas);
  batches("resume", &ConfigCounts::resumes);
}

// Configuration counts when every worker obeys one.
void ProxyOperations::look_at_config() {
  if (snapshot_ == nullptr) return;
  for (const auto& worker : in_.workers) {
    if (!worker->has_config()) return;
  }
  config_missing_.release();
  metrics_.config_version.set(static_cast<int64_t>(snapshot_->version().sequence));
  metrics_.config_updated_at.set(std::chrono::duration_cast<std::chrono::seconds>(loop().wall().since_epoch()).count());
}

void ProxyOperations::follow_identity() {
  if (in_.identity == nullptr) return;
  identity_missing_ = readiness_.block("identity");
  metrics_.identity_rotations[Reason::kNone].add(0);  // seen before the first
  identities_ = in_.identity->identities().subscribe(loop(), [this](std::shared_ptr<const TlsIdentity> identity) {
    identity_ = std::move(identity);
    count_rotations();
    metrics_.identity_expires_at.set(
        std::chrono::duration_cast<std::chrono::seconds>(identity_->svid->not_after.since_epoch()).count());
    look_at_identity();
  });
}

void ProxyOperations::count_rotations() {
  const RotationCounts& now = in_.identity->rotations();
  for (size_t i = 0; i < now.size(); ++i) {
    if (now[i] == rotations_[i]) continue;
    metrics_.identity_rotations[static_cast<Reason>(i)].add(now[i] - rotations_[i]);
  }
  rotations_ = now;
}

// An expired SVID makes the sidecar unready again; looked at with every sweep and every change.
void ProxyOperations::look_at_identity() {
  if (in_.identity == nullptr) return;
  IdentityStatus status = in_.identity->status();
  metrics_.federated_trusted.set(static_cast<int64_t>(status.federated));
  metrics_.federated_refused.set(static_cast<int64_t>(status.federated_refused));
  bool usable = identity_ != nullptr && status.not_ready.empty();
  if (usable) return identity_missing_.release();
  auto names = readiness_.pending();
  if (std::find(names.begin(), names.end(), "identity") == names.end())
    identity_missing_ = readiness_.block("identity");
}

void ProxyOperations::set_draining() { draining_ = readiness_.block("shutdown"); }

std::string ProxyOperations::explain(std::string_view item) const {
  if (item == "shutdown") return in_.drain.text();
  if (item == "dns") return "names of backend sets were not looked up yet";
  if (item == "identity" && in_.identity != nullptr) return in_.identity->status().not_ready;
  if (item == "config" && in_.config != nullptr) return in_.config->status().last_error;
  return {};
}

Result<void> ProxyOperations::start_health() {
  if (!in_.settings.health) return {};
  health_ = std::make_unique<HttpEndpoint>(loop(), in_.protocols);
  add_health_routes(health_->server(), health_providers_);
  health_->server().route("GET", kReleasedPath,
                          [this](const RpcRequest&, HttpServer::Respond respond) { await_left(std::move(respond)); });
  HEDDLE_CHECK_OK(start_application_probes());
  auto listening = health_->listen(*in_.settings.health);
  if (!listening) return std::move(listening).error().within("health.address");
  return {};
}

Result<void> ProxyOperations::start_application_probes() {
  const ApplicationProbeMap& probes = in_.settings.application_probes;
  if (probes.empty()) return {};
  ProbeContext context{in_.context, in_.protocols, in_.connector, in_.tls};
  HEDDLE_TRY(auto make, network_application_probes(context, probes));
  application_probes_ = std::make_unique<ApplicationProbes>(loop(), probes, std::move(make));
  add_application_probe_routes(health_->server(), *application_probes_);
  return {};
}

Result<void> ProxyOperations::start_stats() {
  if (!in_.settings.stats) return {};
  stats_ = std::make_unique<HttpEndpoint>(loop(), in_.protocols);
  add_stats_routes(stats_->server(), [this] { return stats_page(); });
  auto listening = stats_->listen(*in_.settings.stats);
  if (!listening) return std::move(listening).error().within("stats.address");
  return {};
}

StatsPage ProxyOperations::stats_page() const {
  StatsPage page;
  page.node = in_.settings.node;
  page.version = HEDDLE_VERSION;
  page.config_version = snapshot_ != nullptr ? snapshot_->version().text() : "none";
  page.uptime = loop().now() - started_;
  page.state = readiness_.is_ready() ? "ready" : "waiting for " + join(readiness_.pending(), ", ");
  if (snapshot_ != nullptr) page.tables = collect_backends(*snapshot_, {in_.health, checker_, loop(), &in_.dns});
  return page;
}

AdminProviders ProxyOperations::admin_providers() {
  return {
      loop(),
      in_.log,
      {HEDDLE_VERSION, in_.settings.node, loop().wall()},
      {in_.health, checker_, loop(), &in_.dns},
      [this] { return snapshot_; },
      [this] { return identity_; },
      [this](AdminProviders::OnConnections answer) { list_connections(std::move(answer)); },
      [this] { in_.drain.drain(); },
      [this] { return list_listeners(); },
      [this](std::string_view body, AdminProviders::OnExplained answer) { explain_request(body, std::move(answer)); },
      [this](AdminProviders::OnFacts answer) { list_facts(std::move(answer)); },
      [this](Duration within, AdminProviders::OnLeft answer) { leave(within, std::move(answer)); }};
}

void ProxyOperations::explain_request(std::string_view body, AdminProviders::OnExplained answer) {
  if (in_.workers.empty()) return answer(make_error(Reason::kUnavailable, "no worker to ask"));
  std::vector<ListenerRow> listeners = list_listeners();
  answer_explain(body, {in_.settings, listeners, *in_.workers.front(), checker_, in_.config, loop(), alive_},
                 std::move(answer));
}

void ProxyOperations::list_facts(AdminProviders::OnFacts answer) {
  if (!in_.settings.facts) {
    return answer(make_error(Reason::kNotFound, "nothing is remembered: the bootstrap says facts: off"));
  }
  std::string own = identity_ != nullptr && identity_->svid != nullptr ? identity_->svid->id.text() : std::string();
  auto show = [answer = std::move(answer), alive = std::weak_ptr<const bool>(alive_)](const KeptFacts& kept) mutable {
    if (!alive.expired()) answer(facts_json(kept));
  };
  collect_facts({in_.settings, in_.workers, loop(), std::move(own)}, kMaxFacts, std::move(show));
}

void ProxyOperations::leave(Duration within, AdminProviders::OnLeft answer) {
  in_.drain.leave(within, [answer = std::move(answer),
                           alive = std::weak_ptr<const bool>(alive_)](const LeaveOutcome& outcome) mutable {
    if (!alive.expired()) answer(outcome.json());
  });
}

// For preStop hooks of the application (lib/inject/release_hooks.h). Whoever asks changes nothing.
void ProxyOperations::await_left(HttpServer::Respond respond) {
  in_.drain.await_left(
      [respond = std::move(respond), alive = std::weak_ptr<const bool>(alive_)](const LeaveOutcome& outcome) mutable {
        if (alive.expired()) return;
        respond(RpcResponse::text(outcome.end == LeaveEnd::kNotLeaving ? 503 : 200, outcome.text() + "\n"));
      });
}

std::vector<ListenerRow> ProxyOperations::list_listeners() const {
  std::vector<ListenerRow> rows;
  for (size_t i = 0; i < in_.settings.listeners.size(); ++i) {
    const ListenerSettings& listener = in_.settings.listeners[i];
    const DestinationMemory& memory = in_.detection.all()[i];
    bool inbound = listener.direction == ListenerSettings::Direction::kInbound;
    const Address& address = in_.workers.empty() ? listener.address : in_.workers.front()->addresses()[i];
    ListenerRow row{listener.name,
                    inbound ? "inbound" : "outbound",
                    address.text(),
                    destination_of(listener),
                    std::string(to_text(memory.known())),
                    {}};
    for (size_t n = 0; n < static_cast<size_t>(Detection::kCount); ++n) {
      auto what = static_cast<Detection>(n);
      row.detections.emplace_back(to_text(what), memory.count(what));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<void> ProxyOperations::start_admin() {
  if (!in_.settings.admin && !in_.settings.admin_socket) return {};
  admin_ = std::make_unique<AdminServer>(loop(), in_.protocols, admin_providers());
  if (in_.settings.admin_socket) {
    auto made = admin_->listen_socket(*in_.settings.admin_socket);
    if (!made) return std::move(made).error().within("admin.socket");
  }
  if (!in_.settings.admin) return {};
  if (in_.settings.state_dir.empty()) {
    return make_error(Reason::kConfigInvalid, "admin.address needs stateDir: the token for changes is kept there");
  }
  HEDDLE_TRY(AdminToken token, AdminToken::create(in_.settings.state_dir));
  auto listening = admin_->listen_loopback(*in_.settings.admin, token);
  if (!listening) return std::move(listening).error().within("admin.address");
  return {};
}

// Asks every worker; answers when the last one has.
void ProxyOperations::list_connections(AdminProviders::OnConnections answer) {
  struct Collected {
    AdminProviders::OnConnections answer;
    std::vector<AdminConnection> rows;
    size_t missing = 0;
  };
  auto collected = std::make_shared<Collected>(Collected{std::move(answer), {}, in_.workers.size()});
  for (uint32_t index = 0; index < in_.workers.size(); ++index) {
    in_.workers[index]->list_connections(loop(), [collected, index](const std::vector<ConnectionRow>& rows) {
      for (const ConnectionRow& row : rows) {
        collected->rows.push_back({"downstream", row.protocol, row.peer, row.local, row.identity, row.streams, index});
      }
      if (--collected->missing == 0) collected->answer(std::move(collected->rows));
    });
  }
}

// What has no event of its own: the state of the watch stream, certificates that were not renewed.
void ProxyOperations::observe() {
  observe_->arm(kObserveEvery);
  look_at_identity();
  if (in_.identity != nullptr) count_rotations();
  if (in_.config == nullptr) return;
  metrics_.control_connected.set(in_.config->status().state == WatchState::kLive ? 1 : 0);
}

void ProxyOperations::sweep() {
  in_.metrics.sweep(loop().now());
  in_.health.sweep();
  sweep_->arm(kSweepEvery);
}
}  // namespace

Result<std::unique_ptr<Operations>> Operations::start(OperationsInputs inputs) {
  auto operations = std::make_unique<ProxyOperations>(std::move(inputs));
  HEDDLE_CHECK_OK(operations->start());
  return std::unique_ptr<Operations>(std::move(operations));
}
}  // namespace heddle
