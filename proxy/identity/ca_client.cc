#include "proxy/identity/ca_client.h"

#include <utility>

#include "certs/authorizer.h"
#include "certs/jwks.h"
#include "certs/limits.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"
#include "lib/tls/tls_connector.h"

namespace heddle {
namespace {
constexpr size_t kMaxAnswer = kMaxChainPem + kMaxBundle + kMaxFederatedBytes + 64 * 1024;
constexpr size_t kMaxShownMessage = 200;  // of an error the control plane answers

WallTime read_time(JsonObject& object, std::string_view field) {
  Result<WallTime> time = parse_time(object.string(field, {1, 64}));
  if (time) return *time;
  object.problem(field, time.error().detail);
  return {};
}

DomainRoots::Ptr read_bundle(JsonObject& object, const TrustDomain& domain) {
  std::optional<JsonReader> bundle = object.required("bundle");
  if (!bundle) return nullptr;
  std::optional<std::string_view> pem = bundle->value().as_string();
  auto roots = pem ? DomainRoots::parse_pem(domain, *pem) : parse_jwks(domain, bundle->value().compact());
  if (roots && !(*roots)->empty()) return *roots;
  bundle->problem(roots ? "has no certificate" : roots.error().detail);
  return nullptr;
}

std::string request_body(const CaRequest& request) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object();
  if (request.kind == TokenKind::kKubernetes) writer.field("tokenKind", "kubernetes");
  bool has_token = request.kind == TokenKind::kKubernetes || request.material.svid == nullptr;
  if (has_token) writer.field("token", request.token.view());
  writer.field("csr", request.csr_pem).end_object();
  return body;
}

// What the control plane said, as one of our reasons; its text is cut and never trusted beyond being shown.
Error refusal_of(const RpcResponse& response) {
  Reason reason = Reason::kUnavailable;
  if (response.status == 401) reason = Reason::kUnauthenticated;
  if (response.status == 403) reason = Reason::kForbidden;
  if (response.status == 400 || response.status == 404 || response.status == 409) reason = Reason::kBadRequest;
  std::string said;
  if (auto body = JsonValue::parse(response.body); body && body->is_object()) {
    if (auto message = body->find("message")) said = message->as_string().value_or("");
  }
  std::string detail = str_cat("the control plane answered ", std::to_string(response.status));
  if (!said.empty()) detail += str_cat(": ", in_quotes(std::string_view(said).substr(0, kMaxShownMessage)));
  return make_error(reason, std::move(detail));
}

// Another replica may know better.
bool is_worth_another(const Error& why) {
  return why.reason != Reason::kUnauthenticated && why.reason != Reason::kForbidden &&
         why.reason != Reason::kBadRequest;
}
}  // namespace

Result<CaAnswer> parse_ca_answer(std::string_view json, const TrustDomain& domain) {
  HEDDLE_TRY(JsonValue document, JsonValue::parse(json, kMaxAnswer));
  Problems problems;
  JsonObject object{JsonReader(document, "", problems)};
  CaAnswer answer;
  answer.chain_pem = object.string("chain", {1, kMaxChainPem});
  answer.serial = object.string("serial", {1, 64});
  answer.issued_at = read_time(object, "issuedAt");
  answer.not_after = read_time(object, "notAfter");
  answer.roots = read_bundle(object, domain);
  answer.federated = read_federated(object);
  if (!problems.empty()) {
    return make_error(Reason::kUpstreamProtocolError, str_cat("the answer to a signing request: ", problems.text()));
  }
  return answer;
}

// One request: the addresses one after the other, each with a connection of its own.
class HttpCaClient::Call final : public Operation {
 public:
  Call(HttpCaClient& client, CaRequest request, OnAnswer done)
      : client_(client), request_(std::move(request)), done_(std::move(done)) {
    client_.context_.loop.defer(next_);
  }

 private:
  Result<TlsSetup> setup() {
    TlsContext::Options options{TlsRole::kClient, PeerCertificatePolicy::kRequired, {std::string(alpn::kHttp2)}};
    HEDDLE_TRY(auto context, TlsContext::create(request_.material, std::move(options)));
    TlsSetup setup;
    setup.context = std::move(context);
    setup.check = Authorizer::exact(client_.options_.control);
    setup.handshake = client_.options_.connect;
    return setup;
  }

  void try_next() {
    answer_.reset();
    pending_.reset();
    http_.reset();
    if (at_ == client_.options_.addresses.size()) return finish(std::move(failure_));
    HttpClientOptions options;
    options.scheme = "https";
    options.authority = "heddle-control";
    options.connect = client_.options_.connect;
    options.max_body = kMaxAnswer;
    options.keep_connection = false;
    const HostAddress& target = client_.options_.addresses[at_];
    tls_ = std::make_unique<TlsConnector>(client_.context_.loop, *client_.dialers_[at_++], [this] { return setup(); });
    http_ =
        std::make_unique<HttpClient>(client_.context_, client_.protocols_, *tls_, target.address(), std::move(options));
    RpcRequest request;
    request.method = "POST";
    request.path = request_.material.svid == nullptr ? "/v1/attest" : "/v1/renew";
    request.headers.emplace_back("content-type", "application/json");
    request.body = request_body(request_);
    pending_ = http_->call(std::move(request), client_.options_.answer,
                           [this](Result<RpcResponse> response) { on_response(std::move(response)); });
  }

  void on_response(Result<RpcResponse> response) {
    auto judged = judge(std::move(response));
    if (judged || !is_worth_another(judged.error())) return finish(std::move(judged));
    const HostAddress& target = client_.options_.addresses[at_ - 1];
    failure_ = std::move(judged).error().within(target.text());
    client_.context_.loop.defer(next_);  // not inside the upcall of what is replaced
  }
  Result<CaAnswer> judge(Result<RpcResponse> response) const {
    if (!response) return std::move(response).error();
    if (response->status != 200) return refusal_of(*response);
    return parse_ca_answer(response->body, client_.options_.control.trust_domain());
  }

  void finish(Result<CaAnswer> answer) {
    answer_.emplace(std::move(answer));
    client_.context_.loop.defer(finish_);
  }
  void on_finish() {
    auto done = std::move(done_);
    done(std::move(*answer_));
  }

  HttpCaClient& client_;
  CaRequest request_;
  OnAnswer done_;
  size_t at_ = 0;
  Error failure_ = make_error(Reason::kConfigInvalid, "no address of a control plane is configured");
  std::optional<Result<CaAnswer>> answer_;
  std::unique_ptr<TlsConnector> tls_;  // to the address that is asked
  std::unique_ptr<HttpClient> http_;
  Pending pending_;
  DeferredOf<Call, &Call::try_next> next_{*this};
  DeferredOf<Call, &Call::on_finish> finish_{*this};
};

HttpCaClient::HttpCaClient(const SessionContext& context, Protocols& protocols, Connector& below,
                           CaClientOptions options)
    : context_(context), protocols_(protocols), options_(std::move(options)), names_(context.loop) {
  for (const HostAddress& target : options_.addresses) {
    dialers_.push_back(std::make_unique<NamedConnector>(context_.loop, below, names_, target));
  }
}

Pending HttpCaClient::sign(CaRequest request, OnAnswer done) {
  return std::make_unique<Call>(*this, std::move(request), std::move(done));
}
}  // namespace heddle
