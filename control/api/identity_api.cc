#include "control/api/identity_api.h"

#include "certs/jwks.h"
#include "certs/peer_certificate.h"
#include "control/api/answers.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxToken = 16 * 1024;

enum class TokenKind : uint8_t { kJoin, kKubernetes };
constexpr EnumName<TokenKind> kTokenKinds[] = {{"join", TokenKind::kJoin}, {"kubernetes", TokenKind::kKubernetes}};

Result<void> require_certificate(const RpcRequest& request) {
  if (request.path == "/v1/attest" || request.path == "/v1/watch" || request.peer_certificate != nullptr) return {};
  return make_error(Reason::kUnauthenticated, "", Origin::kDownstream);
}

struct SigningRequest {
  std::string token;
  std::string csr;
  TokenKind kind = TokenKind::kJoin;
};

enum class JoinTokenField : uint8_t { kExpected, kRefused };

// A pod shows its token each time.
Result<SigningRequest> read_request(const std::string& body, JoinTokenField join) {
  Result<JsonValue> document = JsonValue::parse(body);
  if (!document) return make_error(Reason::kBadRequest, document.error().detail);
  Problems problems;
  JsonObject object{JsonReader(*document, "", problems)};
  SigningRequest out;
  out.kind = object.optional_one_of("tokenKind", kTokenKinds).value_or(TokenKind::kJoin);
  bool has_token = out.kind == TokenKind::kKubernetes || join == JoinTokenField::kExpected;
  if (has_token) out.token = object.string("token", {1, kMaxToken});
  out.csr = object.string("csr", {1, kMaxCsr});
  object.finish();
  if (!problems.empty()) return make_error(Reason::kBadRequest, problems.text());
  return out;
}

constexpr size_t kMaxPathSaid = 128;

// By what was asked for, and not by whether it exists.
std::string_view audit_type(const RpcRequest& request) {
  if (request.path.empty()) return "handshake";  // TLS refused the peer
  if (request.path == "/v1/attest") return "attest";
  if (request.path == "/v1/renew") return "renew";
  return "deny";
}

std::string identity_of(const RpcRequest& request) {
  bool is_known = request.peer_certificate != nullptr && request.peer_certificate->spiffe_id();
  return is_known ? request.peer_certificate->spiffe_id()->text() : std::string();
}

// Faults of ours are not told as the caller's: a sidecar would throw a good token away.
bool is_callers_fault(Reason reason) { return info(reason).status / 100 == 4 && reason != Reason::kRateLimited; }
}  // namespace

void IdentityApi::serve_on(HttpServer& server) {
  server.guard(require_certificate);
  server.set_on_refused([this](const RpcRequest& r, const Error& why) { on_refused(r, why); });
  server.route("POST", "/v1/attest",
               [this](const RpcRequest& r, HttpServer::Respond respond) { attest(r, std::move(respond)); });
  server.route("POST", "/v1/renew",
               [this](const RpcRequest& r, HttpServer::Respond respond) { renew(r, std::move(respond)); });
}

void IdentityApi::attest(const RpcRequest& request, HttpServer::Respond respond) {
  MonoTime now = parts_.clock.now();
  if (!failures_.may_try(request.peer, now)) {
    audit_refusal("attest", request, make_error(Reason::kRateLimited, "too many attestations failed"));
    return respond(opaque_answer(Reason::kRateLimited));
  }
  Result<SigningRequest> read = read_request(request.body, JoinTokenField::kExpected);
  if (!read) {
    audit_refusal("attest", request, read.error());
    failures_.note_failure(request.peer, now);
    return respond(opaque_answer(Reason::kUnauthenticated));
  }
  Caller caller = make_caller(request, "", parts_.random);
  auto done = [this, here = std::weak_ptr(here_), peer = request.peer, kind = read->kind,
               respond = std::move(respond)](const Result<SignedSvid>& svid) mutable {
    if (here.expired()) return;
    // That there is no cluster to ask says nothing of the token.
    bool has_no_cluster = !svid && kind == TokenKind::kKubernetes && svid.error().reason == Reason::kUnsupported;
    respond(has_no_cluster ? error_answer(svid.error()) : attested(peer, svid));
  };
  if (read->kind == TokenKind::kKubernetes) {
    return parts_.issuer.attest_pod(read->token, read->csr, caller, std::move(done));
  }
  parts_.issuer.attest(read->token, read->csr, caller, std::move(done));
}

RpcResponse IdentityApi::attested(const Address& peer, const Result<SignedSvid>& svid) {
  if (svid) return answer(*svid);
  if (!is_callers_fault(svid.error().reason)) return opaque_answer(svid.error().reason);
  failures_.note_failure(peer, parts_.clock.now());
  return opaque_answer(Reason::kUnauthenticated);
}

void IdentityApi::renew(const RpcRequest& request, HttpServer::Respond respond) {
  const PeerCertificate& certificate = *request.peer_certificate;
  if (!certificate.spiffe_id()) return respond(opaque_answer(Reason::kUnauthenticated));  // TLS lets none of these in
  Result<SigningRequest> read = read_request(request.body, JoinTokenField::kRefused);
  if (!read) {
    audit_refusal("renew", request, read.error());
    return respond(error_answer(read.error()));
  }
  RenewingPeer peer{*certificate.spiffe_id(), certificate.serial(), certificate.not_after(), certificate.not_before()};
  Caller caller = make_caller(request, peer.identity.text(), parts_.random);
  auto done = [this, here = std::weak_ptr(here_),
               respond = std::move(respond)](const Result<SignedSvid>& svid) mutable {
    if (here.expired()) return;
    respond(svid ? answer(*svid) : error_answer(svid.error()));
  };
  if (read->kind == TokenKind::kKubernetes) {
    return parts_.issuer.renew_pod(peer, read->token, read->csr, caller, std::move(done));
  }
  parts_.issuer.renew(peer, read->csr, caller, std::move(done));
}

// Guards say little to a stranger; the log may know more.
void IdentityApi::on_refused(const RpcRequest& request, const Error& why) {
  bool says_nothing = why.detail.empty() && why.reason == Reason::kUnauthenticated;
  Error said = says_nothing ? make_error(why.reason, "no client certificate") : why;
  if (said.detail.size() > kMaxPathSaid) said.detail.resize(kMaxPathSaid);
  audit_refusal(audit_type(request), request, said);
}

// What is asked for is known where the caller proved who it is: it may ask for itself alone.
void IdentityApi::audit_refusal(std::string_view type, const RpcRequest& request, const Error& why) {
  std::string identity = identity_of(request);
  std::string subject = type == "deny" ? str_cat(request.method, " ", request.path).substr(0, kMaxPathSaid) : identity;
  Caller caller = make_caller(request, std::move(identity), parts_.random);
  Result<void> refused = Error(why);
  parts_.audit.write({std::string(type), std::move(subject), ""}, caller, refused, parts_.clock.wall());
}

RpcResponse IdentityApi::answer(const SignedSvid& svid) const {
  Result<std::string> bundle = to_jwks(parts_.issuer.bundle());
  if (!bundle) return error_answer(bundle.error());
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("chain", svid.chain_pem).field("serial", svid.serial);
  out.field("issuedAt", format_time(svid.issued_at)).field("notAfter", format_time(svid.not_after));
  out.key("bundle").raw(*bundle);
  write_federated(out, parts_.federated.trust().texts);
  out.end_object();
  return RpcResponse::json(200, std::move(body));
}
}  // namespace heddle
