#include "control/kube/kube_client.h"

#include <algorithm>
#include <utility>

#include "certs/limits.h"
#include "control/kube/kube_limits.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"
#include "lib/tls/web_client.h"

namespace heddle {
namespace {
constexpr std::string_view kSystemRoots = "/etc/ssl/certs/ca-certificates.crt";

Result<std::string> read(const std::string& path, size_t max) {
  Result<std::string> text = read_file(path, max);
  if (!text) return std::move(text).error().within(path);
  return text;
}

Result<PemText> load(const KubePem& pem, std::string_view what, size_t max) {
  if (pem.file.empty()) return PemText{pem.data, str_cat("kubeconfig ", what)};
  HEDDLE_TRY(std::string text, read(pem.file, max));
  return PemText{std::move(text), pem.file};
}

KubeToken::Read token_source(const KubeConfig& config) {
  if (config.token_file.empty()) return [token = config.token]() -> Result<std::string> { return token; };
  return [file = config.token_file] { return read(file, kMaxKubeToken + 1024); };
}
}  // namespace

// One call over its tries. Nothing dies in its own callback: answers are judged in a task of their own.
class KubeClient::Call final : public Operation {
 public:
  Call(KubeClient& client, KubeRequest what, Done done)
      : client_(client),
        what_(std::move(what)),
        done_(std::move(done)),
        retry_(client.random_, what_.method == "GET" || what_.is_repeatable, client.loop().now() + what_.whole) {}
  void start() {
    late_.arm(loop(), what_.whole);
    loop().defer(next_);
  }

 private:
  Loop& loop() { return client_.context_.loop; }

  void attempt() {
    pending_.reset();
    step_.reset();
    http_ = client_.channel_.client();
    if (http_ != nullptr) return send();
    step_ = client_.channel_.resolve([this](Result<HttpChannel::Client> ready) {
      if (!ready) return keep(std::move(ready).error());
      http_ = *std::move(ready);
      send();
    });
  }

  void send() {
    Result<RpcRequest> request = client_.request(what_);
    if (!request) return keep(std::move(request).error());
    pending_ = http_->call(*std::move(request), what_.attempt,
                           [this](Result<RpcResponse> response) { keep(std::move(response)); });
  }

  void keep(Result<RpcResponse> response) {
    response_.emplace(std::move(response));
    loop().defer(judge_);
  }

  void judge() {
    KubeAnswer answer = KubeAnswer::of(*std::exchange(response_, std::nullopt));
    client_.note(answer);
    if (answer.is_ok()) return finish(std::move(answer));
    std::optional<Duration> wait = retry_.after(*answer.failure, loop().now());
    if (!wait) return finish(std::move(answer));
    failure_ = std::move(answer);
    pause_.arm(loop(), *wait);
  }

  void on_late() {
    KubeAnswer late = KubeAnswer::failed(make_error(Reason::kTimeout, "the API server did not answer in time"));
    client_.note(late);
    finish(failure_ ? *std::move(failure_) : std::move(late));
  }

  void finish(KubeAnswer answer) {
    late_.cancel();
    pause_.cancel();
    pending_.reset();
    step_.reset();
    judge_.cancel_deferred();
    Done done = std::move(done_);
    done(std::move(answer));
  }

  KubeClient& client_;
  KubeRequest what_;
  Done done_;
  KubeRetry retry_;
  std::optional<KubeAnswer> failure_;  // of the last try
  std::optional<Result<RpcResponse>> response_;
  HttpChannel::Client http_;
  Pending step_;
  Pending pending_;
  DeferredOf<Call, &Call::attempt> next_{*this};
  DeferredOf<Call, &Call::judge> judge_{*this};
  DeadlineOf<Call, &Call::attempt> pause_{*this};
  DeadlineOf<Call, &Call::on_late> late_{*this};
};

// One long answer.
class KubeClient::Stream final : public Operation {
 public:
  Stream(KubeClient& client, KubeRequest what, LineObserver& observer, Done opened)
      : client_(client), what_(std::move(what)), observer_(observer), opened_(std::move(opened)) {}
  void start() { client_.context_.loop.defer(begin_); }

 private:
  void begin() {
    http_ = client_.channel_.client();
    if (http_ != nullptr) return send();
    step_ = client_.channel_.resolve([this](Result<HttpChannel::Client> ready) {
      if (!ready) return tell(std::move(ready).error());
      http_ = *std::move(ready);
      send();
    });
  }
  void send() {
    Result<RpcRequest> request = client_.request(what_);
    if (!request) return tell(std::move(request).error());
    lines_ = http_->read_lines(*std::move(request), observer_,
                               [this](Result<RpcResponse> response) { tell(std::move(response)); });
  }
  void tell(const Result<RpcResponse>& response) {
    bool is_open = response && response->status == 200;
    KubeAnswer answer = is_open ? KubeAnswer{} : KubeAnswer::of(response);
    client_.note(answer);
    opened_(std::move(answer));
  }

  KubeClient& client_;
  KubeRequest what_;
  LineObserver& observer_;
  Done opened_;
  HttpChannel::Client http_;
  Pending step_;
  std::unique_ptr<HttpClient::Lines> lines_;
  DeferredOf<Stream, &Stream::begin> begin_{*this};
};

KubeClient::KubeClient(const SessionContext& context, Protocols& protocols, Connector& below, Random& random,
                       KubeConfig config)
    : context_(context),
      random_(random),
      config_(std::move(config)),
      token_(context.loop, token_source(config_)),
      names_(context.loop),
      channel_({context, protocols, below, names_}, config_.server, client_options(), [this] { return tls_setup(); }) {}

HttpClientOptions KubeClient::client_options() const {
  HttpClientOptions options;
  options.max_body = kMaxKubeAnswer;
  options.max_line = kMaxKubeObject;
  options.session.keep_alive = {kKubeQuiet, kKubeAnswerToPing};
  return options;
}

Result<TlsSetup> KubeClient::tls_setup() const {
  KubePem ca = config_.ca;
  if (ca.empty()) ca.file = kSystemRoots;
  WebClientPem pem;
  HEDDLE_TRY(pem.ca, load(ca, "certificate-authority-data", kMaxCaFile));
  if (!config_.certificate.empty()) {
    HEDDLE_TRY(pem.certificate, load(config_.certificate, "client-certificate-data", kMaxChainPem));
    HEDDLE_TRY(pem.key, load(config_.key, "client-key-data", kMaxKeyPem));
  }
  return web_client_setup(pem, config_.server_name.empty() ? config_.server.host : config_.server_name, 5s);
}

Result<RpcRequest> KubeClient::request(const KubeRequest& what) {
  HEDDLE_TRY(std::string token, token_.get());
  RpcRequest out;
  out.method = what.method;
  out.path = str_cat(config_.base_path, what.path);
  out.query = what.query;
  out.headers.emplace_back("accept", "application/json");
  out.headers.emplace_back("user-agent", "heddle-control");
  if (!token.empty()) out.headers.emplace_back("authorization", str_cat("Bearer ", token));
  if (!what.body.empty()) out.headers.emplace_back("content-type", what.content_type);
  out.body = what.body;
  return out;
}

void KubeClient::note(const KubeAnswer& answer) {
  if (answer.has_code(401)) token_.on_refused();
  if (!answer.has_code(0)) return;
  suspect_connection();
  channel_.forget_address();
}

void KubeClient::suspect_connection() {
  if (HttpChannel::Client http = channel_.client()) http->forget_connection();
}

Pending KubeClient::call(KubeRequest what, Done done) {
  auto call = std::make_unique<Call>(*this, std::move(what), std::move(done));
  call->start();
  return call;
}

Pending KubeClient::watch(std::string path, std::string query, LineObserver& observer, Done opened) {
  KubeRequest what;
  what.path = std::move(path);
  what.query = std::move(query);
  auto stream = std::make_unique<Stream>(*this, std::move(what), observer, std::move(opened));
  stream->start();
  return stream;
}
}  // namespace heddle
