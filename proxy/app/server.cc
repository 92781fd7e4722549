#include "proxy/app/server.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <utility>

#include "lib/base/file.h"
#include "lib/base/memory.h"
#include "lib/event/signal.h"
#include "proxy/app/access_settings.h"
#include "proxy/app/bootstrap.h"
#include "proxy/app/bootstrap_watch.h"
#include "proxy/app/cpu_quota.h"
#include "proxy/app/drain_keeper.h"
#include "proxy/app/fact_answer.h"
#include "proxy/app/memory_watch.h"
#include "proxy/app/operations.h"
#include "proxy/app/sources.h"
#include "proxy/app/worker.h"
#include "proxy/identity/workload_api.h"
#include "proxy/telemetry/traffic_totals.h"
#include "proxy/upstream/backend_troubles.h"

namespace heddle {
namespace {
constexpr Duration kStartTakes = 1s;  // identity and first snapshot from files or disk included

class ProxyServer final : public Server {
 public:
  explicit ProxyServer(ServerInputs inputs);
  ~ProxyServer() override;
  Result<void> start();
  int run() override;

 private:
  Result<void> start_workers();
  WatchReport watch_report();
  void start_tracing();
  Result<void> start_operations();
  Result<void> start_workload_api();
  void on_applied();
  void report_trust();
  void answer_facts_of_workers();
  void ask_for_service(const std::string& host, std::function<void(Result<void>)> answer);
  void on_terminate();
  void on_bootstrap(BootstrapWatch::Cause, const Result<Settings>&);
  void apply(const Settings&);
  void stop();
  void watch_signals();
  void watch_memory();

  ServerInputs in_;
  Logger log_;
  Loop loop_;
  ConnectionRegistry connections_;
  Protocols protocols_;
  TcpConnector connector_;
  MainIdentity main_identity_;
  HealthTable health_;
  LbRegistry balancers_ = make_lb_registry();
  std::unique_ptr<LogWriter> access_writer_;
  std::unique_ptr<SpanExporter> spans_;  // null: nothing is traced
  IdentityParts identity_;
  std::unique_ptr<WorkloadApi> workload_api_;  // null: not asked for
  ConfigParts config_;
  std::shared_ptr<const TlsIdentity> reported_;
  DnsSets dns_;
  DetectionMemory detection_;
  std::unique_ptr<WorkerShared> shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<MemoryWatch> memory_;  // null: nothing limits it
  std::unique_ptr<Operations> operations_;
  BootstrapWatch bootstrap_;
  std::vector<std::unique_ptr<SignalWatch>> signals_;
  std::map<uint64_t, Pending> asks_;
  uint64_t next_ask_ = 0;
  WorkerTargets drain_targets_{loop_, workers_};
  std::unique_ptr<DrainKeeper> drain_;
  std::unique_ptr<Timer> start_over_;
};

ProxyServer::ProxyServer(ServerInputs inputs)
    : in_(std::move(inputs)),
      log_(in_.log.module("server")),
      protocols_(loop_, HttpLimits::mesh()),
      connector_(loop_),
      main_identity_(loop_, connections_),
      dns_({loop_, in_.random, in_.metrics, in_.log.module("dns"),
            [this] { return std::make_unique<DnsResolver>(loop_, in_.settings.dns); }}),
      detection_(in_.settings.listeners.size()),
      bootstrap_(loop_, in_.bootstrap_path,
                 [this](BootstrapWatch::Cause cause, const Result<Settings>& read) { on_bootstrap(cause, read); }) {}

ProxyServer::~ProxyServer() {
  operations_.reset();
  workload_api_.reset();
  memory_.reset();
  workers_.clear();  // while everything they use is still there
  spans_.reset();
  asks_.clear();
  config_.watch = nullptr;
  config_.source.reset();
  identity_ = {};
  Error why = make_error(Reason::kDraining, "the proxy stops");
  connections_.abort_all(why);
  if (connections_.size() > 0) loop_.run_until([this] { return connections_.size() == 0; });
}

Result<void> ProxyServer::start() {
  if (!in_.settings.state_dir.empty()) {
    auto made = ensure_private_dir(in_.settings.state_dir);
    if (!made) return std::move(made).error().within("stateDir");
  }
  auto access_out = open_access_log(in_.settings.access_log);
  if (!access_out) return std::move(access_out).error().within("accessLog.file");
  access_writer_ = std::make_unique<LogWriter>(*std::move(access_out));
  SourceInputs sources{in_.settings, {loop_, connections_}, protocols_, connector_, in_.random, in_.log};
  HEDDLE_TRY(identity_, make_identity(sources));
  if (identity_.source != nullptr) {
    main_identity_.follow(*identity_.source, [this] { report_trust(); });
    identity_.source->set_on_kept([this] { report_trust(); });
    identity_.source->start();
  }
  config_ = make_config(sources, identity_.source.get());
  if (config_.watch != nullptr && in_.settings.facts) answer_facts_of_workers();
  if (config_.source != nullptr) config_.source->start();
  HEDDLE_CHECK_OK(start_workers());
  HEDDLE_CHECK_OK(start_workload_api());
  drain_ = std::make_unique<DrainKeeper>(
      DrainKeeper::Parts{loop_, in_.settings, drain_targets_, in_.log, in_.metrics, [this] { return config_.watch; },
                         [this] { operations_->set_draining(); }, [this] { stop(); }});
  HEDDLE_CHECK_OK(start_operations());
  if (!in_.bootstrap_path.empty()) bootstrap_.start();
  watch_signals();
  watch_memory();
  start_over_ = loop_.timer([] { release_startup_pages(); });
  start_over_->arm(kStartTakes);
  return {};
}

WatchReport ProxyServer::watch_report() {
  WatchReport report;
  report.counters = to_counters(traffic_totals(in_.metrics));
  if (auto snapshot = config_.source->snapshots().current()) {
    report.backends = backend_troubles(*snapshot, health_, dns_.resolved().current().get());
  }
  return report;
}

Result<void> ProxyServer::start_workers() {
  uint32_t count = in_.settings.workers != 0 ? in_.settings.workers : default_workers();
  shared_ = std::make_unique<WorkerShared>(WorkerShared{in_.settings,
                                                        count,
                                                        in_.metrics,
                                                        health_,
                                                        balancers_,
                                                        config_.source ? &config_.source->snapshots() : nullptr,
                                                        identity_.source ? &identity_.source->identities() : nullptr,
                                                        access_writer_.get(),
                                                        in_.log,
                                                        [this] { loop_.post([this] { on_applied(); }); },
                                                        {},
                                                        in_.random.next(),
                                                        {},
                                                        &dns_.resolved()});
  if (config_.watch != nullptr) {
    config_.watch->set_report([this] { return watch_report(); });
  }
  shared_->detection = &detection_;
  start_tracing();
  shared_->spans = spans_.get();
  if (config_.watch != nullptr) {
    shared_->ask_for_service = [this](std::string host, std::function<void(Result<void>)> answer) {
      loop_.post([this, host = std::move(host), answer = std::move(answer)] { ask_for_service(host, answer); });
    };
  }
  for (uint32_t i = 0; i < count; ++i) {
    HEDDLE_TRY(auto worker, Worker::start(i, *shared_));
    workers_.push_back(std::move(worker));
    if (i == 0) shared_->addresses = workers_.front()->addresses();
  }
  for (size_t i = 0; i < in_.settings.listeners.size(); ++i) {
    log_.info("listening", {{"listener", in_.settings.listeners[i].name},
                            {"address", workers_.front()->addresses()[i]},
                            {"workers", count}});
  }
  return {};
}

void ProxyServer::start_tracing() {
  const TracingSettings& wanted = in_.settings.tracing;
  if (!wanted.collector) return;
  spans_ = std::make_unique<SpanExporter>(
      SpanExporter::Inputs{
          {loop_, connections_}, protocols_, connector_, in_.random, in_.metrics, in_.log.module("tracing")},
      SpanExporter::Collector{*wanted.collector, wanted.authority, wanted.path},
      SpanResource{wanted.service.empty() ? in_.settings.node : wanted.service, in_.settings.ns, in_.settings.node,
                   HEDDLE_VERSION});
}

void ProxyServer::ask_for_service(const std::string& host, std::function<void(Result<void>)> answer) {
  auto address = Address::parse(host);
  bool is_address = address && address->is_ip();
  auto key = service_key(host, in_.settings.ns);
  if (!key && !is_address) return answer(make_error(Reason::kServiceUnknown, host));
  uint64_t id = next_ask_++;
  auto done = [this, id, answer = std::move(answer)](Result<void> result) {
    answer(std::move(result));
    loop_.post([this, id] { asks_.erase(id); });  // not inside its own callback
  };
  asks_[id] = is_address ? config_.watch->want(*address, std::move(done)) : config_.watch->want(*key, std::move(done));
}

// A version is acknowledged when every worker obeys it; the same one again, when every worker obeys its new content.
void ProxyServer::on_applied() {
  if (operations_ != nullptr) operations_->on_applied();
  if (config_.watch == nullptr || workers_.empty()) return;
  Version slowest{UINT64_MAX, UINT64_MAX};
  auto newest = config_.source->snapshots().current();
  bool all_obey = true;
  for (auto& worker : workers_) {
    slowest = std::min(slowest, Version{worker->applied_epoch(), worker->applied_sequence()});
    all_obey &= worker->applied_snapshot() == newest.get();
  }
  if (slowest.epoch != 0 && all_obey) config_.watch->workers_run(slowest);
  report_trust();
}

// The same with whom we trust and who vouches for us: said when every handshake from now on obeys it, those after a
// restart included.
void ProxyServer::report_trust() {
  const auto& identity = main_identity_.current();
  if (config_.watch == nullptr || workers_.empty() || identity == nullptr || identity == reported_) return;
  for (auto& worker : workers_) {
    if (worker->applied_identity() != identity.get()) return;
  }
  if (!identity_.source->is_kept(*identity)) return;
  reported_ = identity;
  config_.watch->report_trust(trust_in_use(*identity));
}

void ProxyServer::answer_facts_of_workers() {
  config_.watch->set_facts([this](size_t most, WatchClient::OnFacts answer) {
    const auto& identity = main_identity_.current();
    std::string own = identity != nullptr && identity->svid != nullptr ? identity->svid->id.text() : std::string();
    collect_facts({in_.settings, workers_, loop_, std::move(own)}, most, std::move(answer));
  });
}

Result<void> ProxyServer::start_operations() {
  OperationsInputs inputs{in_.settings,
                          {loop_, connections_},
                          protocols_,
                          connector_,
                          main_identity_,
                          health_,
                          in_.random,
                          in_.metrics,
                          in_.log,
                          *access_writer_,
                          identity_.source.get(),
                          config_.source.get(),
                          dns_,
                          workers_,
                          *drain_,
                          detection_};
  HEDDLE_TRY(operations_, Operations::start(std::move(inputs)));
  return {};
}

Result<void> ProxyServer::start_workload_api() {
  const WorkloadApiSettings& wanted = in_.settings.workload_api;
  if (!wanted.socket || identity_.source == nullptr) return {};
  auto made = WorkloadApi::start(loop_, protocols_, in_.log.module("workload-api"), *identity_.source,
                                 {*wanted.socket, wanted.mode});
  if (!made) return std::move(made).error().within("workloadApi.socket");
  workload_api_ = *std::move(made);
  return {};
}

void ProxyServer::watch_signals() {
  auto watch = [this](int number, Task task) {
    signals_.push_back(std::make_unique<SignalWatch>(loop_, number, std::move(task)));
  };
  watch(SIGTERM, [this] { on_terminate(); });
  watch(SIGINT, [this] { on_terminate(); });
  watch(SIGHUP, [this] {
    if (!in_.bootstrap_path.empty()) return bootstrap_.reload();
    on_bootstrap(BootstrapWatch::Cause::kSignal, Settings(in_.settings));  // the environment is as it was
  });
  watch(SIGUSR1, [this] {
    in_.log.reopen();
    access_writer_->reopen();
  });
}

void ProxyServer::watch_memory() {
  std::optional<size_t> limit = in_.settings.memory_limit ? in_.settings.memory_limit : container_memory();
  if (!limit) return;
  auto tell = [this](Pressure pressure) {
    for (auto& worker : workers_) worker->set_memory_pressure(pressure);
  };
  memory_ = std::make_unique<MemoryWatch>(
      in_.metrics, MemoryWatch::Inputs{loop_, *limit, resident_memory, std::move(tell), in_.log.module("overload")});
}

int ProxyServer::run() {
  log_.info("running", {{"node", in_.settings.node}, {"version", HEDDLE_VERSION}});
  loop_.run();
  log_.info("stopped", {});
  return 0;
}

// The first asks for a graceful end, the second for an end.
void ProxyServer::on_terminate() {
  if (drain_->is_draining()) return stop();
  drain_->drain();
}

void ProxyServer::stop() {
  signals_.clear();
  loop_.stop();
}

// The bootstrap, the resources and the PEM files are three things, each taken whole or not at all: endpoints that move
// do not wait until somebody mends a typing error here. A file that was only touched is nothing new.
void ProxyServer::on_bootstrap(BootstrapWatch::Cause cause, const Result<Settings>& read) {
  bool is_asked = cause == BootstrapWatch::Cause::kSignal;
  if (is_asked && config_.source != nullptr) config_.source->reload();
  if (is_asked && identity_.source != nullptr) identity_.source->reload();
  if (!read) return log_.error("reload refused: the old settings stay", {{"problems", read.error().detail}});
  std::vector<std::string> keys = keys_that_need_restart(in_.settings, *read);
  for (const std::string& key : keys) log_.error("reload refused: this key needs a restart", {{"key", key}});
  if (keys.empty() && (is_asked || !same_reloadable_keys(in_.settings, *read))) apply(*read);
}

void ProxyServer::apply(const Settings& wanted) {
  if (auto filter = LogFilter::parse(wanted.log.filter)) in_.log.set_filter(*filter);  // it was judged when it was read
  for (auto& worker : workers_) worker->set_access_log(access_policy(wanted.access_log));
  in_.settings.log.filter = wanted.log.filter;
  in_.settings.access_log = wanted.access_log;
  in_.settings.drain = wanted.drain;
  in_.settings.drain_accept = wanted.drain_accept;
  log_.info("reloaded", {{"bootstrap", in_.bootstrap_path}});
}
}  // namespace

Result<std::unique_ptr<Server>> Server::create(ServerInputs inputs) {
  auto server = std::make_unique<ProxyServer>(std::move(inputs));
  HEDDLE_CHECK_OK(server->start());
  return std::unique_ptr<Server>(std::move(server));
}
}  // namespace heddle
