#include "control/federation/bundle_fetcher.h"

#include "certs/authorizer.h"
#include "certs/limits.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"
#include "lib/tls/tls_connector.h"

namespace heddle {
namespace {
constexpr Duration kLookAgain = 100ms;  // whether there is room for a lookup

Result<WebRoots::Ptr> load_ca_file(const std::string& path) {
  auto roots = read_file(path, kMaxCaFile).and_then([](const std::string& pem) { return WebRoots::parse(pem); });
  if (!roots) return std::move(roots).error().within("--federation-ca-file");
  return roots;
}

Result<void> check_answer(const RpcResponse& response) {
  if (response.status == 200) return {};
  std::string_view hint = response.status / 100 == 3 ? "; redirects are not followed" : "";
  return make_error(Reason::kUpstreamProtocolError, str_cat("answered ", std::to_string(response.status), hint),
                    Origin::kUpstream);
}
}  // namespace

// One fetch: CA file, name, connection, answer, parsing; each step ends in the next or in finish().
class HttpsBundleFetcher::Call final : public Operation {
 public:
  Call(HttpsBundleFetcher& fetcher, FetchRequest request, OnFetched done)
      : fetcher_(fetcher), request_(std::move(request)), done_(std::move(done)) {}

  void start() {
    late_.arm(loop(), fetcher_.options_.whole);
    if (request_.endpoint.profile == BundleProfile::kHttpsSpiffe) return resolve();
    step_ = fetcher_.offload_.compute([path = fetcher_.options_.ca_file] { return load_ca_file(path); },
                                      [this](Result<WebRoots::Ptr> roots) {
                                        if (!roots) return finish(std::move(roots).error());
                                        web_roots_ = *std::move(roots);
                                        resolve();
                                      });
  }

 private:
  Loop& loop() { return fetcher_.context_.loop; }
  const HttpsUrl& url() const { return request_.endpoint.url; }

  void resolve() {
    if (Result<Address> ip = Address::from_ip(url().host(), url().port()); ip) {
      addresses_ = {*ip};
      return loop().defer(next_);
    }
    resolve_late_.arm(loop(), fetcher_.options_.resolve);
    look_up();
  }

  // Others that look up names have their turn first, within our own deadline.
  void look_up() {
    if (result_) return;
    if (fetcher_.names_.is_full()) return look_again_.arm(loop(), kLookAgain);
    lookup_ = fetcher_.names_.find(url().host(), url().port(), [this](Result<std::vector<Address>> found) {
      resolve_late_.cancel();
      if (!found) return finish(std::move(found).error());
      addresses_ = *std::move(found);
      loop().defer(next_);
    });
  }

  Result<TlsSetup> setup() const {
    TlsContext::Options options{
        TlsRole::kClient, PeerCertificatePolicy::kRequired, {std::string(alpn::kHttp2), std::string(alpn::kHttp1)}};
    auto bundle = std::make_shared<TrustBundle>();
    TlsSetup setup;
    if (web_roots_ != nullptr) {
      options.web_server = WebServer{web_roots_, url().host()};
    } else {
      bundle->replace(request_.endpoint_roots);
      setup.check = Authorizer::exact(*request_.endpoint.id);
    }
    HEDDLE_TRY(setup.context, TlsContext::create({nullptr, std::move(bundle)}, std::move(options)));
    if (!url().host_is_ip()) setup.server_name = url().host();
    setup.handshake = fetcher_.options_.connect;
    return setup;
  }

  void try_next() {
    pending_.reset();
    http_.reset();
    if (at_ == addresses_.size()) return finish(std::move(failure_));
    HttpClientOptions options;
    options.scheme = "https";
    options.authority = url().authority();
    options.connect = fetcher_.options_.connect;
    options.max_body = kMaxBundle;
    options.keep_connection = false;
    http_ = std::make_unique<HttpClient>(fetcher_.context_, fetcher_.protocols_, tls_, addresses_[at_++],
                                         std::move(options));
    RpcRequest request;
    request.path = url().path();
    request.query = url().query();
    request.headers.emplace_back("accept", "application/json");
    pending_ = http_->call(std::move(request), fetcher_.options_.whole,
                           [this](Result<RpcResponse> response) { on_response(std::move(response)); });
  }

  // Another address may be better where nobody answered; an answer that is bad is this endpoint's.
  void on_response(Result<RpcResponse> response) {
    if (!response && response.error().reason != Reason::kTooLarge) {
      failure_ = std::move(response).error().within(addresses_[at_ - 1].text());
      return loop().defer(next_);
    }
    if (!response) return finish(std::move(response).error());
    if (Result<void> good = check_answer(*response); !good) return finish(std::move(good).error());
    step_ = fetcher_.offload_.compute(
        [domain = request_.domain, body = std::move(response->body)] { return parse_federated_bundle(domain, body); },
        [this](Result<FederatedBundle> bundle) { finish(std::move(bundle)); });
  }

  void on_late() {
    finish(make_error(Reason::kTimeout, str_cat("no answer within ", format_duration(fetcher_.options_.whole))));
  }
  void on_resolve_late() {
    lookup_.reset();
    finish(make_error(Reason::kTimeout,
                      str_cat("the name was not found within ", format_duration(fetcher_.options_.resolve))));
  }

  // The first end counts; it is told from a task of its own, never inside an upcall of what dies with it.
  void finish(Result<FederatedBundle> result) {
    if (result_) return;
    if (!result) result = std::move(result).error().within(url().text());
    result_.emplace(std::move(result));
    loop().defer(finish_);
  }
  void on_finish() {
    auto done = std::move(done_);
    done(std::move(*result_));
  }

  HttpsBundleFetcher& fetcher_;
  FetchRequest request_;
  OnFetched done_;
  WebRoots::Ptr web_roots_;
  std::vector<Address> addresses_;
  size_t at_ = 0;
  Error failure_ = make_error(Reason::kUnavailable, "no address");
  std::optional<Result<FederatedBundle>> result_;
  Pending step_;
  Pending lookup_;
  TlsConnector tls_{fetcher_.context_.loop, fetcher_.below_, [this] { return setup(); }};
  std::unique_ptr<HttpClient> http_;
  Pending pending_;
  DeferredOf<Call, &Call::try_next> next_{*this};
  DeferredOf<Call, &Call::on_finish> finish_{*this};
  DeadlineOf<Call, &Call::on_late> late_{*this};
  DeadlineOf<Call, &Call::on_resolve_late> resolve_late_{*this};
  DeadlineOf<Call, &Call::look_up> look_again_{*this};
};

HttpsBundleFetcher::HttpsBundleFetcher(const SessionContext& context, Protocols& protocols, Connector& below,
                                       FetcherOptions options)
    : context_(context),
      protocols_(protocols),
      below_(below),
      options_(std::move(options)),
      offload_(context.loop),
      names_(context.loop) {}

Pending HttpsBundleFetcher::fetch(FetchRequest request, OnFetched done) {
  auto call = std::make_unique<Call>(*this, std::move(request), std::move(done));
  call->start();
  return call;
}
}  // namespace heddle
