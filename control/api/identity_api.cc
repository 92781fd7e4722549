#include "control/api/identity_api.h"

#include "certs/jwks.h"
#include "certs/peer_certificate.h"
#include "control/api/answers.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxToken = 4096;

Result<void> require_certificate(const RpcRequest& request) {
  if (request.path == "/v1/attest" || request.path == "/v1/watch" || request.peer_certificate != nullptr) return {};
  return make_error(Reason::kUnauthenticated, "", Origin::kDownstream);
}

struct SigningRequest {
  std::string token;
  std::string csr;
};

enum class TokenField : uint8_t { kExpected, kRefused };

Result<SigningRequest> read_request(const std::string& body, TokenField token) {
  HEDDLE_TRY(JsonValue document, JsonValue::parse(body));
  Problems problems;
  JsonObject object{JsonReader(document, "", problems)};
  SigningRequest out;
  if (token == TokenField::kExpected) out.token = object.string("token", {1, kMaxToken});
  out.csr = object.string("csr", {1, kMaxCsr});
  object.finish();
  if (!problems.empty()) return make_error(Reason::kBadRequest, problems.text());
  return out;
}

// Faults of ours are not told as the caller's: a sidecar would throw a good token away.
bool is_callers_fault(Reason reason) { return info(reason).status / 100 == 4 && reason != Reason::kRateLimited; }
}  // namespace

void IdentityApi::serve_on(HttpServer& server) {
  server.guard(require_certificate);
  server.route("POST", "/v1/attest", [this](const RpcRequest& r, HttpServer::Respond respond) { respond(attest(r)); });
  server.route("POST", "/v1/renew", [this](const RpcRequest& r, HttpServer::Respond respond) { respond(renew(r)); });
}

RpcResponse IdentityApi::attest(const RpcRequest& request) {
  if (!failures_.may_try(request.peer, clock_.now())) return opaque_answer(Reason::kRateLimited);
  Result<SigningRequest> read = read_request(request.body, TokenField::kExpected);
  SigningRequest asked = read.value_or(SigningRequest());  // an empty token is refused and audited like a wrong one
  Result<SignedSvid> svid = issuer_.attest(asked.token, asked.csr, make_caller(request, "", random_));
  if (svid) return answer(*svid);
  if (!is_callers_fault(svid.error().reason)) return opaque_answer(svid.error().reason);
  failures_.note_failure(request.peer, clock_.now());
  return opaque_answer(Reason::kUnauthenticated);
}

RpcResponse IdentityApi::renew(const RpcRequest& request) {
  const PeerCertificate& certificate = *request.peer_certificate;
  if (!certificate.spiffe_id()) return opaque_answer(Reason::kUnauthenticated);
  Result<SigningRequest> read = read_request(request.body, TokenField::kRefused);
  if (!read) return error_answer(read.error());
  RenewingPeer peer{*certificate.spiffe_id(), certificate.serial(), certificate.not_after()};
  Caller caller = make_caller(request, peer.identity.text(), random_);
  Result<SignedSvid> svid = issuer_.renew(peer, read->csr, caller);
  return svid ? answer(*svid) : error_answer(svid.error());
}

RpcResponse IdentityApi::answer(const SignedSvid& svid) const {
  Result<std::string> bundle = to_jwks(*issuer_.authority().roots());
  if (!bundle) return error_answer(bundle.error());
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("chain", svid.chain_pem).field("serial", svid.serial);
  out.field("issuedAt", format_time(svid.issued_at)).field("notAfter", format_time(svid.not_after));
  out.key("bundle").raw(*bundle).end_object();
  return RpcResponse::json(200, std::move(body));
}
}  // namespace heddle
