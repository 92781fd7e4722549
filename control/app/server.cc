#include "control/app/server.h"

#include <sys/stat.h>

#include "certs/peer_certificate.h"
#include "control/api/api_server.h"
#include "control/api/identity_api.h"
#include "control/app/admin_context.h"
#include "control/app/ca_keeper.h"
#include "control/app/endpoint.h"
#include "control/app/federation_metrics.h"
#include "control/app/health.h"
#include "control/app/memory_keeper.h"
#include "control/app/metrics.h"
#include "control/app/own_bundle_endpoint.h"
#include "control/app/trust_publisher.h"
#include "control/ca/audit_file.h"
#include "control/ca/key_store.h"
#include "control/ca/limited_audit.h"
#include "control/store/sqlite_journal.h"
#include "control/store/sqlite_ledger.h"
#include "control/store/sqlite_schema.h"
#include "control/watch/watch_server.h"
#include "lib/base/file.h"
#include "lib/base/memory.h"
#include "lib/base/strings.h"
#include "lib/base/version.h"
#include "lib/event/offload.h"
#include "lib/metrics/process_metrics.h"

namespace heddle {
namespace {
constexpr size_t kIdentityBody = 64 * 1024;  // a token and a CSR
constexpr size_t kHealthConnections = 64;

ExtraNames names_of(const ControlOptions& options) {
  ExtraNames names{{"localhost"}, {"127.0.0.1"}};
  auto add = [](std::vector<std::string>& list, std::string name) {
    if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(std::move(name));
  };
  for (const Address& address : {options.watch, options.api}) {
    if (address.ip() != "0.0.0.0" && address.ip() != "::") add(names.ips, address.ip());
  }
  for (const std::string& name : options.advertise) {
    add(Address::from_ip(name, 0) ? names.ips : names.dns, name);
  }
  return names;
}

class Server final : public ControlServer {
 public:
  explicit Server(ControlInputs inputs)
      : in_(std::move(inputs)),
        log_(in_.log.module("server")),
        loop_(in_.loop),
        protocols_(loop_, HttpLimits::mesh()),
        process_metrics_(in_.metrics, kSoftwareVersion) {}
  ~Server() override;
  Result<void> start();

  const Address& watch_address() const override { return watch_->address(); }
  const Address& api_address() const override { return api_->address(); }
  const Address& health_address() const override { return health_->address(); }
  const Address* bundle_address() const override { return bundle_ == nullptr ? nullptr : &bundle_->address(); }
  void drain(Task on_done) override;
  void reopen_logs() override {
    in_.log.reopen();
    audit_->reopen();
  }
  void reload() override {
    keeper_->reload();
    if (bundle_ != nullptr) bundle_->reload();
  }

 private:
  std::string file(std::string_view name) const { return str_cat(in_.options.data, "/", name); }
  Result<void> open_store();
  void name_unreadable();
  Result<void> open_identity();
  Result<CaRotator::Parts> ca_parts();
  Result<void> open_endpoints();
  Result<void> open_federation();
  Result<void> open_bundle();
  Result<void> open_rollouts();
  std::vector<ControlEndpoint*> serving() const;
  void use_bundle();
  Result<void> listen();
  Result<void> publish();
  Result<void> write_context();
  void keep_memory();
  std::unique_ptr<ControlEndpoint> make_endpoint(const Address&, ControlEndpoint::Contexts, size_t connections,
                                                 size_t body);
  enum class Which : uint8_t { kAll, kServing };
  bool is_idle(Which) const;
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
  std::unique_ptr<AuditFile> audit_;
  std::unique_ptr<LimitedAudit> refusals_;  // for callers from outside
  std::optional<SqliteDatabase> database_;
  std::unique_ptr<SqliteJournal> journal_;
  std::optional<SqliteLedger> ledger_;
  std::unique_ptr<Store> store_;
  NodeRegistry registry_;
  KeyForm key_form_;
  std::unique_ptr<CaRotator> rotator_;
  std::unique_ptr<Issuer> issuer_;
  std::unique_ptr<OwnIdentity> identity_;
  std::unique_ptr<RolloutKeeper> rollouts_;  // hears of a version before the hub does
  std::unique_ptr<WatchHub> hub_;
  Offload offload_{loop_};
  TcpConnector tcp_{loop_};
  ConnectionRegistry outgoing_;  // to bundle endpoints
  std::unique_ptr<HttpsBundleFetcher> fetcher_;
  std::unique_ptr<FederationKeeper> federation_;
  std::unique_ptr<TrustPublisher> trust_;
  std::unique_ptr<CaKeeper> keeper_;
  std::unique_ptr<WatchServer> watch_server_;
  std::unique_ptr<IdentityApi> identity_api_;
  std::unique_ptr<ApiServer> api_server_;
  std::unique_ptr<ControlEndpoint> watch_;
  std::unique_ptr<ControlEndpoint> api_;
  std::unique_ptr<ControlEndpoint> health_;
  std::unique_ptr<OwnBundleEndpoint> bundle_;  // null: not asked for
  std::unique_ptr<ControlPlaneMetrics> metrics_;
  std::unique_ptr<FederationMetrics> federation_metrics_;
  std::unique_ptr<MemoryKeeper> memory_;
  Pending giving_back_;
  std::unique_ptr<Timer> drain_deadline_;
  Task on_drained_;
};

Server::~Server() {
  on_drained_ = nullptr;
  if (api_server_ != nullptr) api_server_->drain();
  if (federation_ != nullptr) federation_->stop();
  outgoing_.abort_all(make_error(Reason::kDraining, "the control plane ends"));
  for (ControlEndpoint* endpoint : serving()) endpoint->abort();
  if (health_ != nullptr) health_->abort();
  if (!is_idle(Which::kAll)) loop_.run_until([this] { return is_idle(Which::kAll); });
}

// All but health, as far as they were made.
std::vector<ControlEndpoint*> Server::serving() const {
  std::vector<ControlEndpoint*> out{watch_.get(), api_.get(), bundle_ == nullptr ? nullptr : &bundle_->endpoint()};
  std::erase(out, nullptr);
  return out;
}

bool Server::is_idle(Which which) const {
  std::vector<ControlEndpoint*> all = serving();
  bool is_serving = !std::ranges::all_of(all, [](const ControlEndpoint* endpoint) { return endpoint->is_idle(); });
  if (is_serving || which == Which::kServing) return !is_serving;
  return (health_ == nullptr || health_->is_idle()) && outgoing_.size() == 0;
}

Result<void> Server::start() {
  HEDDLE_CHECK_OK(ensure_private_dir(in_.options.data));
  HEDDLE_CHECK_OK(open_store());
  HEDDLE_CHECK_OK(open_identity());
  HEDDLE_CHECK_OK(open_federation());
  HEDDLE_CHECK_OK(open_endpoints());
  HEDDLE_CHECK_OK(listen());
  HEDDLE_CHECK_OK(publish());
  hub_->set_synced();
  keeper_->start();
  federation_->start();
  keep_memory();
  starting_.release();
  return {};
}

// The database first: it is held exclusively, so a second process ends here and touches nothing.
Result<void> Server::open_store() {
  HEDDLE_TRY(SqliteDatabase database, SqliteDatabase::open(file("heddle.db")));
  database_.emplace(std::move(database));
  HEDDLE_CHECK_OK(migrate_sqlite(*database_));
  HEDDLE_TRY(audit_, AuditFile::open(file("audit.log"), in_.log.module("audit")));
  refusals_ = std::make_unique<LimitedAudit>(*audit_, loop_);
  HEDDLE_TRY(journal_, SqliteJournal::create(*database_, {}));
  ledger_.emplace(*database_);
  HEDDLE_TRY(store_, Store::open(*journal_, loop_, in_.random, {}));
  name_unreadable();
  return {};
}

// What a newer version wrote before an upgrade back is kept and shown by the API.
void Server::name_unreadable() {
  store_->view().for_each([this](const StoredResource::Ptr& resource) {
    if (resource->spec()) return;
    auto again = StoredResource::make_valid(resource->key(), resource->bytes(), resource->meta());
    log_.error("this version cannot read a resource, no sidecar gets it; mend it and apply it again",
               {{"resource", resource->key_text()}, {"problem", again ? "" : again.error().detail}});
  });
}

Result<CaRotator::Parts> Server::ca_parts() {
  const ControlOptions& options = in_.options;
  if (const std::string& path = options.ca_passphrase_file; !path.empty()) {
    Result<KeyForm> sealed = KeyForm::from_file(path);
    if (!sealed) return std::move(sealed).error().within("--ca-passphrase-file");
    key_form_ = *std::move(sealed);
  }
  const TrustDomain& domain = *options.trust_domain;
  CaRotator::Parts parts{CaStore(options.data, domain, key_form_.copy(), options.ca_root_ttl), loop_, *audit_,
                         in_.log.module("ca")};
  if (!options.ca_files.all()) return parts;
  HEDDLE_TRY(GivenCa given, load_given_ca(options.ca_files, domain, key_form_, names_of(options), loop_.wall()));
  parts.given.emplace(std::move(given));
  return parts;
}

Result<void> Server::open_identity() {
  HEDDLE_TRY(CaRotator::Parts parts, ca_parts());
  HEDDLE_TRY(rotator_, CaRotator::open(std::move(parts)));
  const CertificateAuthority::Ptr& signer = rotator_->state().signer;
  HEDDLE_TRY(issuer_, Issuer::create(signer, *ledger_, loop_, *refusals_, {in_.options.svid_ttl}));
  issuer_->use(signer, rotator_->bundle());
  if (std::string warning = issuer_->warning(); !warning.empty()) log_.warn(warning, {});
  HEDDLE_TRY(identity_, OwnIdentity::create({signer, rotator_->bundle(), names_of(in_.options), in_.options.svid_ttl,
                                             loop_, in_.random, in_.log.module("identity")}));
  return {};
}

// Nobody in this process trusts a federated domain: its bundles are for the sidecars.
Result<void> Server::open_federation() {
  fetcher_ = std::make_unique<HttpsBundleFetcher>(SessionContext{loop_, outgoing_}, protocols_, tcp_,
                                                  FetcherOptions{in_.options.federation_ca_file});
  federation_ = std::make_unique<FederationKeeper>(FederationKeeper::Parts{
      loop_, in_.random, *store_, *fetcher_, *in_.options.trust_domain, [this] { return rotator_->bundle(); },
      [this](Task work, Task done) { return offload_.run(std::move(work), std::move(done)); }, file("federated"),
      in_.log.module("federation")});
  HEDDLE_CHECK_OK(federation_->open());
  federation_metrics_ = std::make_unique<FederationMetrics>(in_.metrics, federation_->bundles(), loop_);
  federation_->set_on_trust([this] { trust_->announce(); });
  federation_->set_on_domains([this] { federation_metrics_->follow(); });
  return {};
}

std::unique_ptr<ControlEndpoint> Server::make_endpoint(const Address& address, ControlEndpoint::Contexts contexts,
                                                       size_t connections, size_t body) {
  ControlEndpoint::Options options;
  options.address = address;
  options.max_connections = connections;
  options.limits.body = body;
  options.limits.line = kMaxSidecarLine;
  options.limits.session.drain = kDrain;
  options.handshakes = ControlEndpoint::kHandshakes;
  auto endpoint = std::make_unique<ControlEndpoint>(loop_, protocols_, std::move(contexts), std::move(options));
  endpoint->set_on_ended([this] { on_ended(); });
  return endpoint;
}

// What was under way goes on where it was.
Result<void> Server::open_rollouts() {
  constexpr std::string_view kMeta = "rollout";
  rollouts_ = std::make_unique<RolloutKeeper>(RolloutKeeper::Parts{
      *store_, registry_, loop_,
      [this](const View& after) { return judge_whole(after, issuer_->authority().trust_domain()); },
      [this](const std::string& state) { return ledger_->put_meta(kMeta, state); },
      [this] {
        if (hub_ != nullptr) hub_->on_staged_changed();
      },
      [this](std::string_view type, std::string_view why, const Result<void>& kept) {
        audit_own_step(*audit_, type, why, kept, loop_.wall());
      },
      in_.log.module("rollout")});
  HEDDLE_TRY(std::optional<std::string> saved, ledger_->meta(kMeta));
  if (Result<void> restored = rollouts_->restore(saved.value_or("")); !restored) {
    in_.log.module("rollout").error("nobody gets what was being rolled out", {{"error", restored.error()}});
  }
  return {};
}

Result<void> Server::open_endpoints() {
  const ControlOptions& options = in_.options;
  HEDDLE_CHECK_OK(open_rollouts());
  hub_ = std::make_unique<WatchHub>(*store_, registry_, loop_, in_.random, WatchHub::Options{});
  hub_->set_staged(rollouts_.get());
  trust_ = std::make_unique<TrustPublisher>(
      TrustPublisher::Parts{*rotator_, *issuer_, *identity_, *hub_, federation_->bundles(), options.svid_ttl,
                            file("root.pem"), [this] { return write_context(); }, in_.log.module("ca")});
  trust_->announce();
  rotator_->set_on_changed([this](const CaState&) {
    trust_->publish();
    use_bundle();
  });
  Logger watch_log = in_.log.module("watch");
  watch_server_ =
      std::make_unique<WatchServer>(loop_, *hub_, watch_log, [this](const WatchPeer& peer, std::string_view node) {
        if (auto noted = issuer_->note_used(peer.serial, node); !noted) {
          log_.error("the use of a certificate could not be noted", {{"error", noted.error()}});
        }
      });
  identity_api_ = std::make_unique<IdentityApi>(
      IdentityApi::Parts{*issuer_, *refusals_, loop_, in_.random, federation_->bundles()});
  keeper_ = std::make_unique<CaKeeper>(
      CaKeeper::Parts{loop_, [this](Task work, Task done) { return offload_.run(std::move(work), std::move(done)); },
                      *rotator_, registry_, *ledger_, RotationSchedule(options.ca_rotate_before), options.ca_files,
                      key_form_.copy(), names_of(options), in_.log.module("ca")});
  api_server_ =
      std::make_unique<ApiServer>(ApiParts{*store_, *ledger_, *issuer_, *rotator_, keeper_->outlook(), *hub_, registry_,
                                           *federation_, *rollouts_, *audit_, *refusals_, loop_, in_.random});
  // Of the 0.9 of our descriptors that connections may have, most are for sidecars: as many as there are.
  auto contexts = [this] { return identity_->context(); };
  watch_ = make_endpoint(options.watch, contexts, ConnectionCap::resource_limit(0.8), kIdentityBody);
  api_ = make_endpoint(options.api, contexts, ConnectionCap::default_limit(0.1, 1), ApiServer::kMaxBody);
  health_ = make_endpoint(options.health, nullptr, kHealthConnections, kIdentityBody);
  use_bundle();
  identity_api_->serve_on(watch_->http());
  watch_server_->serve_on(watch_->http());
  api_server_->serve_on(api_->http());
  serve_health(health_->http(), readiness_, in_.metrics);
  HEDDLE_CHECK_OK(open_bundle());
  metrics_ = std::make_unique<ControlPlaneMetrics>(
      in_.metrics,
      ControlPlaneMetrics::Sources{*store_, *hub_, *identity_, *rotator_, keeper_->outlook(), bundle_.get()});
  return {};
}

// Its connections are of the tenth of the descriptors that no endpoint has.
Result<void> Server::open_bundle() {
  const ControlOptions& options = in_.options;
  if (!options.bundle_listen) return {};
  HEDDLE_TRY(bundle_, OwnBundleEndpoint::create(
                          {loop_, *identity_, *options.bundle_listen, options.bundle_files, in_.log.module("bundle")}));
  bundle_->endpoint().set_on_ended([this] { on_ended(); });
  bundle_->use(*rotator_->bundle());
  return {};
}

void Server::use_bundle() {
  auto bundle = std::make_shared<TrustBundle>();
  bundle->replace(rotator_->bundle());
  for (ControlEndpoint* endpoint : {watch_.get(), api_.get()}) endpoint->use(bundle);
  if (bundle_ != nullptr) bundle_->use(*rotator_->bundle());
}

Result<void> Server::listen() {
  struct Row {
    std::string_view name;
    ControlEndpoint& endpoint;
  };
  for (const Row& row : {Row{"watch", *watch_}, Row{"api", *api_}, Row{"health", *health_}}) {
    Result<void> listening = row.endpoint.listen();
    if (!listening) return std::move(listening).error().within(str_cat("--", row.name));
    log_.info("listening", {{"endpoint", row.name}, {"address", row.endpoint.address()}});
  }
  if (bundle_ == nullptr) return {};
  Result<void> listening = bundle_->listen();
  if (!listening) return std::move(listening).error().within("--bundle-listen");
  log_.info("listening",
            {{"endpoint", "bundle"}, {"address", bundle_->address()}, {"profile", bundle_->certificate().profile()}});
  return {};
}

Result<void> Server::publish() {
  HEDDLE_CHECK_OK(write_roots(file("root.pem"), *rotator_->bundle()));
  HEDDLE_CHECK_OK(write_context());
  const CaState& ca = rotator_->state();
  if (ca.phase != RotationPhase::kSteady) log_.info("the root is being rotated", {{"phase", to_text(ca.phase)}});
  log_.info("running", {{"version", kSoftwareVersion},
                        {"trust_domain", ca.signer->trust_domain().name()},
                        {"store", store_->version().text()},
                        {"resources", store_->view().size()},
                        {"root_fingerprint", root_pin(*ca.signer)}});
  return {};
}

Result<void> Server::write_context() {
  std::string path = file("admin.context");
  HEDDLE_TRY(SpiffeId id, control_identity(*in_.options.trust_domain));
  HEDDLE_TRY(AdminContextState state,
             write_admin_context({path, api_->address(), id, *rotator_->bundle(), *ledger_, *audit_, loop_.wall()}));
  if (state == AdminContextState::kMade) log_.info("made the admin token", {{"file", path}});
  if (state == AdminContextState::kMissing) {
    log_.info("an admin token exists, but not in its file: the file is not written", {{"file", path}});
  }
  return {};
}

void Server::keep_memory() {
  memory_ = std::make_unique<MemoryKeeper>(MemoryKeeper::Parts{loop_, [this] { return watch_->connections(); },
                                                               [this] {
                                                                 loop_.blocks().trim();
                                                                 giving_back_ = offload_.run(
                                                                     [] { give_back_free_memory(); }, [] {});
                                                               }});
}

// Health goes on to answer until the end: a probe shall see 503, not a refused connection.
void Server::drain(Task on_done) {
  if (on_drained_) return;
  on_drained_ = std::move(on_done);
  log_.info("draining", {{"deadline", kDrain}, {"sidecars", hub_->size()}});
  draining_ = readiness_.block("draining");
  hub_->drain();
  api_server_->drain();
  for (ControlEndpoint* endpoint : serving()) endpoint->drain();
  drain_deadline_ = loop_.timer([this] { finish_drain(); });
  drain_deadline_->arm(is_idle(Which::kServing) ? Duration(0) : kDrain);
}

void Server::on_ended() {
  if (on_drained_ && is_idle(Which::kServing)) finish_drain();
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
