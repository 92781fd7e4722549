#include "control/app/server.h"

#include "certs/peer_certificate.h"
#include "control/api/api_server.h"
#include "control/api/identity_api.h"
#include "control/app/ca_keeper.h"
#include "control/app/context_file.h"
#include "control/app/data_lock.h"
#include "control/app/federation_metrics.h"
#include "control/app/health.h"
#include "control/app/kube_replicas.h"
#include "control/app/memory_keeper.h"
#include "control/app/metrics.h"
#include "control/app/open_parts.h"
#include "control/app/queue_metrics.h"
#include "control/app/rollout_metrics.h"
#include "control/app/serving.h"
#include "control/app/source_part.h"
#include "control/app/store_metrics.h"
#include "control/app/trust_publisher.h"
#include "control/app/unique_id.h"
#include "control/ca/audit_file.h"
#include "control/ca/ledger_ca_store.h"
#include "control/ca/limited_audit.h"
#include "control/replicas/replicas.h"
#include "control/watch/watch_server.h"
#include "lib/base/bytes.h"
#include "lib/base/file.h"
#include "lib/base/memory.h"
#include "lib/base/strings.h"
#include "lib/base/version.h"
#include "lib/event/offload.h"
#include "lib/metrics/process_metrics.h"

namespace heddle {
namespace {
constexpr std::string_view kRolloutDocument = "rollout";

class Server final : public ControlServer, private LedgerObserver {
 public:
  explicit Server(ControlInputs inputs)
      : in_(std::move(inputs)),
        log_(in_.log.module("server")),
        loop_(in_.loop),
        protocols_(loop_, HttpLimits::mesh()),
        process_metrics_(in_.metrics, kSoftwareVersion) {}
  ~Server() override;
  Result<void> start();

  const Address& watch_address() const override { return serving_->watch_address(); }
  const Address& api_address() const override { return serving_->api_address(); }
  const Address& health_address() const override { return serving_->health_address(); }
  const Address* bundle_address() const override {
    OwnBundleEndpoint* bundle = serving_->bundle();
    return bundle == nullptr ? nullptr : &bundle->address();
  }
  void drain(Task on_done) override;
  void reopen_logs() override {
    in_.log.reopen();
    audit_->reopen();
  }
  void reload() override {
    keeper_->reload();
    if (serving_->bundle() != nullptr) serving_->bundle()->reload();
  }

 private:
  Result<void> judge(const View& after) const { return judge_whole(after, issuer_->authority().trust_domain()); }
  std::string file(std::string_view name) const { return str_cat(in_.options.data, "/", name); }
  Result<void> open_store();
  Result<void> open_identity();
  Result<void> open_federation();
  Result<void> open_rollouts();
  Result<void> open_serving();
  void open_watch();
  void open_api();
  void open_metrics();
  Result<void> open_replicas();
  Result<void> open_source();
  void on_read();
  Result<void> share_cluster();
  std::function<Pending(FactsQuery, FactsFetcher::Done)> facts();
  Result<void> publish();
  Result<void> make_context();
  ControlSight sight() const;
  void keep_memory();
  void on_meta_changed(std::string_view name) override;
  Pending offload(Task work, Task done) { return offload_.run(std::move(work), std::move(done)); }
  bool is_idle(Serving::Which) const;
  void leave_others();
  void on_ended();
  void finish_drain();

  ControlInputs in_;
  Logger log_;
  Loop& loop_;
  Protocols protocols_;
  ProcessMetrics process_metrics_;
  Readiness readiness_;
  Readiness::Blocker starting_ = readiness_.block("start-up");
  Readiness::Blocker draining_;
  Readiness::Blocker reading_;  // the source
  TcpConnector tcp_{loop_};
  std::optional<DataLock> lock_;
  std::unique_ptr<StoreBackend> backend_;
  std::unique_ptr<AuditFile> audit_;
  std::unique_ptr<LimitedAudit> refusals_;  // for callers from outside
  std::unique_ptr<Store> store_;
  NodeRegistry registry_;
  OpenedCa ca_;
  std::unique_ptr<Issuer> issuer_;
  std::unique_ptr<OwnIdentity> identity_;
  std::unique_ptr<RolloutKeeper> rollouts_;  // hears of a version before the hub does
  std::unique_ptr<WatchHub> hub_;
  Offload offload_{loop_};
  ConnectionRegistry outgoing_;  // to bundle endpoints and other control planes
  std::unique_ptr<HttpsBundleFetcher> fetcher_;
  std::unique_ptr<FederationKeeper> federation_;
  std::unique_ptr<TrustPublisher> trust_;
  std::unique_ptr<CaKeeper> keeper_;
  std::unique_ptr<WatchServer> watch_server_;
  std::unique_ptr<IdentityApi> identity_api_;
  std::unique_ptr<ApiServer> api_server_;
  std::unique_ptr<Replicas> replicas_;     // null: the store is not shared
  std::unique_ptr<SourcePart> source_;     // null: the mesh is what is applied
  std::unique_ptr<KubeReplicas> sharing_;  // null: no other control plane has this source
  std::unique_ptr<Serving> serving_;
  std::unique_ptr<AdminContextFile> context_;
  std::unique_ptr<ControlPlaneMetrics> metrics_;
  std::unique_ptr<StoreMetrics> store_metrics_;
  std::unique_ptr<RolloutMetrics> rollout_metrics_;
  std::unique_ptr<QueueMetrics> queue_metrics_;
  std::unique_ptr<FederationMetrics> federation_metrics_;
  std::unique_ptr<MemoryKeeper> memory_;
  Pending giving_back_;
  Pending resigning_;
  bool has_resigned_ = false;
  bool has_left_ = true;  // the others know that we go
  std::unique_ptr<Timer> drain_deadline_;
  Task on_drained_;
};

Server::~Server() {
  on_drained_ = nullptr;
  if (backend_ != nullptr) backend_->ledger().set_observer(nullptr);
  if (api_server_ != nullptr) api_server_->drain();
  if (issuer_ != nullptr) issuer_->use_pods(nullptr);
  if (sharing_ != nullptr) sharing_->drain();
  source_.reset();
  if (federation_ != nullptr) federation_->stop();
  if (replicas_ != nullptr) replicas_->drain([] {});
  outgoing_.abort_all(make_error(Reason::kDraining, "the control plane ends"));
  if (serving_ != nullptr) serving_->abort();
  // A stop that came while it started ends one run.
  while (!is_idle(Serving::Which::kAll)) loop_.run_until([this] { return is_idle(Serving::Which::kAll); });
}

bool Server::is_idle(Serving::Which which) const {
  if (serving_ != nullptr && !serving_->is_idle(which)) return false;
  return which == Serving::Which::kServing || outgoing_.size() == 0;
}

Result<void> Server::start() {
  if (in_.options.store.replica.empty()) in_.options.store.replica = "heddle-control";
  HEDDLE_CHECK_OK(ensure_private_dir(in_.options.data));
  HEDDLE_CHECK_OK(open_store());
  HEDDLE_CHECK_OK(open_identity());
  HEDDLE_CHECK_OK(open_federation());
  HEDDLE_CHECK_OK(open_rollouts());
  HEDDLE_CHECK_OK(open_serving());
  open_watch();
  open_api();
  open_metrics();
  HEDDLE_CHECK_OK(serving_->listen());
  HEDDLE_CHECK_OK(open_replicas());
  HEDDLE_CHECK_OK(publish());
  HEDDLE_CHECK_OK(open_source());
  keeper_->start();
  federation_->start();
  keep_memory();
  starting_.release();
  return {};
}

// The lock first: a second process ends here and touches nothing.
Result<void> Server::open_store() {
  HEDDLE_TRY(lock_, DataLock::take(in_.options.data));
  HEDDLE_TRY(backend_, open_store_backend({in_.options, loop_, in_.random, tcp_, in_.log.module("store")}));
  backend_->ledger().set_observer(this);
  HEDDLE_TRY(audit_, AuditFile::open(file("audit.log"), in_.log.module("audit")));
  refusals_ = std::make_unique<LimitedAudit>(*audit_, loop_);
  HEDDLE_TRY(store_, Store::open(backend_->journal(), loop_, in_.random, {}));
  name_unreadable(*store_, log_);
  return {};
}

// Of another control plane. What was written before there is somebody to tell is read by whoever is made.
void Server::on_meta_changed(std::string_view name) {
  if (LedgerCaStore::is_ours(name)) {
    if (ca_.rotator != nullptr) ca_.rotator->on_documents_changed();
  } else if (name == kRolloutDocument && rollouts_ != nullptr) {
    Result<std::optional<std::string>> saved = backend_->ledger().meta(name);
    if (saved) rollouts_->on_saved_elsewhere(saved->value_or(""));
  }
}

Result<void> Server::open_identity() {
  HEDDLE_TRY(ca_, open_ca({in_.options, loop_, in_.random, *backend_, *audit_, in_.log.module("ca")}));
  ca_.rotator->on_documents_changed();  // the loop has run meanwhile
  const CertificateAuthority::Ptr& signer = ca_.rotator->signer();
  HEDDLE_TRY(issuer_, Issuer::create(signer, backend_->ledger(), loop_, *refusals_, {in_.options.svid_ttl}));
  issuer_->use(signer, ca_.rotator->bundle());
  if (std::string warning = issuer_->warning(); !warning.empty()) log_.warn(warning, {});
  HEDDLE_TRY(identity_, OwnIdentity::create({signer, ca_.rotator->bundle(), names_of(in_.options), in_.options.svid_ttl,
                                             loop_, in_.random, in_.log.module("identity")}));
  return {};
}

// Nobody in this process trusts a federated domain: its bundles are for the sidecars.
Result<void> Server::open_federation() {
  fetcher_ = std::make_unique<HttpsBundleFetcher>(SessionContext{loop_, outgoing_}, protocols_, tcp_,
                                                  FetcherOptions{in_.options.federation_ca_file});
  federation_ = std::make_unique<FederationKeeper>(FederationKeeper::Parts{
      loop_, in_.random, *store_, *fetcher_, *in_.options.trust_domain, [this] { return ca_.rotator->bundle(); },
      [this](Task work, Task done) { return offload(std::move(work), std::move(done)); }, file("federated"),
      in_.log.module("federation")});
  HEDDLE_CHECK_OK(federation_->open());
  federation_metrics_ = std::make_unique<FederationMetrics>(in_.metrics, federation_->bundles(), loop_);
  federation_->set_on_trust([this] { trust_->announce(); });
  federation_->set_on_domains([this] { federation_metrics_->follow(); });
  return {};
}

// What was under way goes on where it was.
Result<void> Server::open_rollouts() {
  Ledger& ledger = backend_->ledger();
  rollouts_ = std::make_unique<RolloutKeeper>(RolloutKeeper::Parts{
      *store_, registry_, loop_, backend_->leadership(SoleTask::kRollout),
      [this](const View& after) { return judge(after); },
      [&ledger](std::string state, Ledger::Done done) {
        return ledger.commit({PutMeta{std::string(kRolloutDocument), std::move(state)}}, std::move(done));
      },
      [this] {
        if (hub_ != nullptr) hub_->on_staged_changed();
      },
      [this](std::string_view type, std::string_view why, const Result<void>& kept) {
        audit_own_step(*audit_, type, why, kept, loop_.wall());
      },
      in_.log.module("rollout"), [this] { return readiness_text(backend_->health()); }});
  HEDDLE_TRY(std::optional<std::string> saved, ledger.meta(kRolloutDocument));
  if (Result<void> restored = rollouts_->restore(saved.value_or("")); !restored) {
    in_.log.module("rollout").error("nobody gets what was being rolled out", {{"error", restored.error()}});
  }
  return {};
}

Result<void> Server::open_serving() {
  HEDDLE_TRY(serving_,
             Serving::create({loop_, protocols_, in_.options, *identity_, kDrain, log_, in_.log.module("bundle")}));
  serving_->set_on_ended([this] { on_ended(); });
  serving_->use(ca_.rotator->bundle());
  return {};
}

void Server::open_watch() {
  hub_ = std::make_unique<WatchHub>(*store_, registry_, loop_, in_.random, WatchHub::Options{});
  hub_->set_staged(rollouts_.get());
  hub_->set_health([this] { return backend_->health(); });
  trust_ = std::make_unique<TrustPublisher>(TrustPublisher::Parts{
      *ca_.rotator, *issuer_, *identity_, *hub_, federation_->bundles(), in_.options.svid_ttl, file("root.pem"),
      [this] { return context_ != nullptr ? context_->rewrite() : Result<void>(); }, in_.log.module("ca")});
  trust_->announce();
  ca_.rotator->set_on_changed([this](const CaState&) {
    trust_->publish();
    serving_->use(ca_.rotator->bundle());
    if (source_ != nullptr) source_->on_roots_changed();
  });
  watch_server_ = std::make_unique<WatchServer>(
      loop_, *hub_, in_.log.module("watch"), [this](const WatchPeer& peer, std::string_view node) {
        issuer_->note_used(peer.serial, node, [this](const Result<void>& noted) {
          if (!noted) log_.error("the use of a certificate could not be noted", {{"error", noted.error()}});
        });
      });
  watch_server_->serve_on(serving_->watch());
  identity_api_ = std::make_unique<IdentityApi>(
      IdentityApi::Parts{*issuer_, *refusals_, loop_, in_.random, federation_->bundles()});
  identity_api_->serve_on(serving_->watch());
}

void Server::open_api() {
  const ControlOptions& options = in_.options;
  Ledger& ledger = backend_->ledger();
  keeper_ = std::make_unique<CaKeeper>(
      CaKeeper::Parts{loop_, [this](Task work, Task done) { return offload(std::move(work), std::move(done)); },
                      *ca_.rotator, registry_, ledger, backend_->leadership(SoleTask::kCa),
                      RotationSchedule(options.ca_rotate_before), options.ca_files, ca_.form.copy(), names_of(options),
                      in_.log.module("ca"), [this] { return readiness_text(backend_->health()); }});
  api_server_ = std::make_unique<ApiServer>(
      ApiParts{*store_, ledger, *issuer_, *ca_.rotator, keeper_->outlook(), *hub_, registry_, *federation_, *rollouts_,
               *audit_, *refusals_, loop_, in_.random, [this] { return sight(); }, facts(), backend_->reads()});
  api_server_->serve_on(serving_->api());
}

void Server::open_metrics() {
  serve_health(serving_->health(), readiness_, in_.metrics, [this] {
    if (source_ != nullptr && !source_->remark().empty()) return source_->remark();
    return readiness_text(backend_->health());
  });
  metrics_ = std::make_unique<ControlPlaneMetrics>(
      in_.metrics,
      ControlPlaneMetrics::Sources{*store_, *hub_, *identity_, *ca_.rotator, keeper_->outlook(), serving_->bundle()});
  store_metrics_ = std::make_unique<StoreMetrics>(in_.metrics, *backend_, registry_, loop_);
  rollout_metrics_ = std::make_unique<RolloutMetrics>(in_.metrics, *rollouts_);
  queue_metrics_ = std::make_unique<QueueMetrics>(in_.metrics, *hub_, serving_->watch_endpoint());
}

// After listen(): the others are told where we are.
Result<void> Server::open_replicas() {
  const StoreOptions& options = in_.options.store;
  Logger log = in_.log.module("replicas");
  ReplicaRecord own{unique_id(in_.random), options.replica, options.replica_address.value_or(watch_address()),
                    std::string(kSoftwareVersion)};
  auto source = open_replica_source({in_.options, loop_, in_.random, tcp_, log}, *backend_, own);
  if (source == nullptr) return {};
  HEDDLE_TRY(SpiffeId self, control_identity(*in_.options.trust_domain));
  replicas_ = std::make_unique<Replicas>(
      Replicas::Parts{std::move(source), in_.random, loop_, protocols_, tcp_, outgoing_, std::move(own), registry_,
                      *hub_, [this] { return identity_->client_context(); }, self, log,
                      [this] {
                        return PeerTrust{identity_->bundle_digest(), identity_->authority_pin()};
                      }});
  replicas_->serve_on(serving_->watch());
  return wait_for_others(loop_, *replicas_);
}

Result<void> Server::open_source() {
  if (in_.options.source.kind == SourceKind::kApi) return hub_->set_synced(), Result<void>();
  reading_ = readiness_.block("the source is not read yet");
  auto judged = [this](const View& after) { return judge(after); };
  auto on_synced = [this] { sharing_ == nullptr ? on_read() : sharing_->on_translated(); };
  HEDDLE_TRY(source_, SourcePart::open({in_.options.source,
                                        in_.options.trust_domain->name(),
                                        loop_,
                                        {loop_, outgoing_},
                                        protocols_,
                                        tcp_,
                                        in_.random,
                                        *store_,
                                        std::move(judged),
                                        std::move(on_synced),
                                        in_.log.module(to_text(in_.options.source.kind)),
                                        *api_server_,
                                        in_.metrics,
                                        [this] { return ca_.rotator->bundle()->to_pem(); },
                                        in_.options.webhook,
                                        serving_->webhook()}));
  issuer_->use_pods(source_->pods());
  source_->start();
  if (backend_->kube() != nullptr) return share_cluster();
  source_->read();
  return {};
}

void Server::on_read() {
  hub_->set_synced();
  reading_.release();
}

// Who leads reads the cluster, the others follow it.
Result<void> Server::share_cluster() {
  HEDDLE_TRY(SpiffeId self, control_identity(*in_.options.trust_domain));
  PeerContext peers{loop_, outgoing_, protocols_, tcp_, in_.random, [this] { return identity_->client_context(); },
                    self};
  sharing_ = std::make_unique<KubeReplicas>(
      KubeReplicas::Parts{*backend_->kube(), *store_, std::move(peers), [this] { source_->read(); },
                          [this] { source_->stop_reading(); }, [this] { on_read(); }, in_.log.module("replicas")},
      serving_->watch());
  sharing_->start(in_.options.store.replica_address.value_or(watch_address()));
  return {};
}

std::function<Pending(FactsQuery, FactsFetcher::Done)> Server::facts() {
  return [this](FactsQuery query, FactsFetcher::Done done) {
    if (replicas_ != nullptr) return replicas_->fetch_facts(std::move(query), std::move(done));
    return hub_->fetch_facts(std::move(query), std::move(done));
  };
}

ControlSight Server::sight() const {
  ControlSight out{in_.options.store.replica, std::string(to_text(in_.options.store.kind)), backend_->health()};
  out.ca_leader = backend_->leader(SoleTask::kCa);
  out.rollout_leader = backend_->leader(SoleTask::kRollout);
  out.others = registry_.replicas();
  return out;
}

Result<void> Server::publish() {
  HEDDLE_CHECK_OK(write_roots(file("root.pem"), *ca_.rotator->bundle()));
  HEDDLE_CHECK_OK(make_context());
  const CaState& ca = ca_.rotator->state();
  if (ca.phase != RotationPhase::kSteady) log_.info("the root is being rotated", {{"phase", to_text(ca.phase)}});
  log_.info("running", {{"version", kSoftwareVersion},
                        {"trust_domain", ca.signer->trust_domain().name()},
                        {"replica", in_.options.store.replica},
                        {"store", store_->version().text()},
                        {"resources", store_->view().size()},
                        {"root_fingerprint", root_pin(*ca.signer)}});
  return {};
}

// The address is known when it listens.
Result<void> Server::make_context() {
  HEDDLE_TRY(SpiffeId id, control_identity(*in_.options.trust_domain));
  context_ = std::make_unique<AdminContextFile>(AdminContextFile::Parts{
      file("admin.context"), id, [this] { return serving_->api_address(); }, [this] { return ca_.rotator->bundle(); },
      backend_->ledger(), *audit_, loop_, in_.random, log_});
  return context_->make();
}

void Server::keep_memory() {
  memory_ = std::make_unique<MemoryKeeper>(MemoryKeeper::Parts{loop_, [this] { return serving_->sidecars(); },
                                                               [this] {
                                                                 loop_.blocks().trim();
                                                                 giving_back_ =
                                                                     offload([] { give_back_free_memory(); }, [] {});
                                                               }});
}

// Leadership and our place among the others are given up at once: who stays need not wait for a lease to end.
void Server::drain(Task on_done) {
  if (on_drained_) return;
  on_drained_ = std::move(on_done);
  log_.info("draining", {{"deadline", kDrain}, {"sidecars", hub_->size()}});
  draining_ = readiness_.block("draining");
  drain_deadline_ = loop_.timer([this] { finish_drain(); });
  drain_deadline_->arm(kDrain);
  hub_->drain();
  api_server_->drain();
  leave_others();
  serving_->drain();
  resigning_ = backend_->resign([this] {
    has_resigned_ = true;
    on_ended();
  });
}

void Server::leave_others() {
  if (sharing_ != nullptr) sharing_->drain();
  if (replicas_ == nullptr) return;
  has_left_ = false;
  replicas_->drain([this] {
    has_left_ = true;
    on_ended();
  });
}

void Server::on_ended() {
  if (!on_drained_ || !has_resigned_ || !has_left_ || !is_idle(Serving::Which::kServing)) return;
  drain_deadline_->arm(Duration(0));
}

void Server::finish_drain() {
  drain_deadline_->cancel();
  if (auto done = std::exchange(on_drained_, nullptr)) done();
}
}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::start(ControlInputs inputs) {
  auto server = std::make_unique<Server>(std::move(inputs));
  HEDDLE_CHECK_OK(server->start());
  return std::unique_ptr<ControlServer>(std::move(server));
}
}  // namespace heddle
