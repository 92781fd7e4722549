#include "proxy/identity/workload_api.h"

#include <utility>

namespace heddle {
namespace {
constexpr std::string_view kJwtMethods[] = {"/SpiffeWorkloadAPI/FetchJWTSVID", "/SpiffeWorkloadAPI/FetchJWTBundles",
                                            "/SpiffeWorkloadAPI/ValidateJWTSVID"};

GrpcServerLimits limits_of_api() {
  GrpcServerLimits limits;
  limits.message = 64 * 1024;
  limits.calls = WorkloadApi::kMaxCalls;
  limits.session.keep_alive = KeepAlive::off();  // the kernel tells when a process has gone
  return limits;
}

// Against a browser or another client that was talked into connecting (SPIFFE Workload Endpoint §6).
std::optional<GrpcEnd> refused(const GrpcRequest& request) {
  if (request.find(workload::kHeaderName) == workload::kHeaderValue) return std::nullopt;
  return GrpcEnd{GrpcStatus::kInvalidArgument, "the metadata workload.spiffe.io: true is missing"};
}
}  // namespace

// One call that stays open.
class WorkloadApi::Stream final : public GrpcObserver, public ListNode<Stream> {
 public:
  Stream(WorkloadApi& api, GrpcCall& call, Kind kind) : api_(api), call_(call), kind_(kind) {
    api_.streams_.push_back(*this);
    silence_.arm(api_.loop_, api_.first_request_);
  }
  void on_message(std::string_view message) override {
    if (!is_workload_request(message)) {
      return call_.close({GrpcStatus::kInvalidArgument, "the request cannot be read"});
    }
    asked_ = true;
    silence_.cancel();
    send_later();
  }
  void on_half_closed() override {
    if (!asked_) call_.close({GrpcStatus::kInvalidArgument, "the request is missing"});
  }
  void on_drained() override {
    full_ = false;
    if (std::exchange(owed_, false)) send_later();
  }
  void tell(Kind kind) {
    if (kind == kind_ && asked_) send_later();
  }

 private:
  // Many questions in one turn have one answer; a caller that does not read is owed only the newest state.
  void send_later() {
    owed_ = full_;
    if (!full_) api_.loop_.defer(send_, Loop::Phase::kTask);
  }
  void on_silence() { call_.close({GrpcStatus::kDeadlineExceeded, "the request did not come in time"}); }
  void send() {
    if (auto why = api_.missing()) return call_.close(*std::move(why));
    full_ = call_.send(api_.state_of(kind_)) == Flow::kFull;
  }
  WorkloadApi& api_;
  GrpcCall& call_;
  const Kind kind_;
  bool asked_ = false;
  bool full_ = false;
  bool owed_ = false;
  DeferredOf<Stream, &Stream::send> send_{*this};
  DeadlineOf<Stream, &Stream::on_silence> silence_{*this};
};

Result<std::unique_ptr<WorkloadApi>> WorkloadApi::start(Loop& loop, Protocols& protocols, Logger log,
                                                        IdentitySource& source, const WorkloadApiOptions& options) {
  auto api = std::make_unique<WorkloadApi>(loop, protocols, log, source, options.first_request);
  HEDDLE_CHECK_OK(api->listen(options));
  return api;
}

WorkloadApi::WorkloadApi(Loop& loop, Protocols& protocols, Logger log, IdentitySource& source, Duration first_request)
    : loop_(loop),
      log_(log),
      source_(source),
      first_request_(first_request),
      server_({loop, registry_}, protocols, limits_of_api()) {
  registry_.set_on_removed([this] { on_connection_gone(); });
  add_routes();
  subscription_ = source_.identities().subscribe(
      loop_, [this](const std::shared_ptr<const TlsIdentity>& identity) { on_identity(*identity); });
}

WorkloadApi::~WorkloadApi() {
  listener_.reset();
  registry_.abort_all(make_error(Reason::kDraining, "the proxy ends"));
  loop_.run_until([this] { return registry_.size() == 0 && server_.calls() == 0; });
}

void WorkloadApi::add_routes() {
  server_.route(std::string(workload::kFetchX509Svid), fetch(Kind::kSvids));
  server_.route(std::string(workload::kFetchX509Bundles), fetch(Kind::kBundles));
  for (std::string_view method : kJwtMethods) {
    server_.route(std::string(method), [](const GrpcRequest& request, GrpcCall& call) -> std::unique_ptr<GrpcObserver> {
      auto why = refused(request);
      call.close(why ? *std::move(why) : GrpcEnd{GrpcStatus::kUnimplemented, "the JWT-SVID profile is not served"});
      return nullptr;
    });
  }
}

GrpcServer::Handler WorkloadApi::fetch(Kind kind) {
  return [this, kind](const GrpcRequest& request, GrpcCall& call) -> std::unique_ptr<GrpcObserver> {
    auto why = refused(request);
    if (!why) why = missing();
    if (!why) return std::make_unique<Stream>(*this, call, kind);
    log_.limited(LogLevel::kInfo, {"workload_api_refused"}, "a call of the Workload API is refused",
                 {{"method", request.path}, {"status", to_text(why->status)}, {"why", why->message}});
    call.close(*std::move(why));
    return nullptr;
  };
}

Result<void> WorkloadApi::listen(const WorkloadApiOptions& options) {
  ListenSpec spec;
  spec.address = options.socket;
  spec.unix_mode = options.mode;
  auto accept = [this](std::unique_ptr<Transport> transport) { server_.serve(std::move(transport)); };
  HEDDLE_TRY(listener_, Listener::listen(loop_, spec, cap_, std::move(accept)));
  listener_->start();
  log_.info("the Workload API listens", {{"socket", options.socket}});
  return {};
}

void WorkloadApi::on_identity(const TlsIdentity& identity) {
  auto svids = encode_x509_svids(*identity.svid, *identity.bundle);
  if (!svids) return log_.error("the identity cannot be handed out", {{"error", svids.error()}});
  svids_ = *std::move(svids);
  not_after_ = identity.svid->not_after;
  tell(Kind::kSvids);
  std::string bundles = encode_x509_bundles(*identity.bundle);
  if (bundles == bundles_) return;
  bundles_ = std::move(bundles);
  tell(Kind::kBundles);
}

void WorkloadApi::tell(Kind kind) {
  streams_.for_each([kind](Stream& stream) { stream.tell(kind); });
}

// A sidecar with this API has an identity source, so it is never certain that there will be none: UNAVAILABLE, not
// PERMISSION_DENIED. Why is in the sidecar's own log and /readyz.
std::optional<GrpcEnd> WorkloadApi::missing() const {
  if (!not_after_) return GrpcEnd{GrpcStatus::kUnavailable, "the sidecar has no identity yet"};
  if (loop_.wall() < *not_after_) return std::nullopt;
  return GrpcEnd{GrpcStatus::kUnavailable, "the sidecar's SVID has expired"};
}

std::string_view WorkloadApi::state_of(Kind kind) const noexcept {
  return kind == Kind::kSvids ? svids_.view() : std::string_view(bundles_);
}

void WorkloadApi::on_connection_gone() {
  while (cap_.used() > registry_.size()) cap_.give_back();
  if (listener_ != nullptr) listener_->connection_ended();
}
}  // namespace heddle
