// CaClient: asks the control plane to sign a new key. HttpCaClient speaks to its two endpoints (docs/identity.md), over
// TLS 1.3 and HTTP/2; the control plane's SPIFFE id is checked in the handshake, so before a token leaves the process:
//   POST /v1/attest {"token": "...", "csr": "<PEM>"}   without a client certificate
//   POST /v1/renew  {"csr": "<PEM>"}                   with the current SVID as client certificate
// A pod's token ({"tokenKind": "kubernetes", "token": ...}) goes with both.
// Both answer {"chain": "<PEM>", "issuedAt", "notAfter": "<RFC 3339>", "serial": "<hex>", "bundle": <JWKS> or "<PEM>",
// "federated": {"<trust domain>": <JWKS>, ...}}, the last one only when there are any.
// Addresses are tried in order until one gives an answer that is not "unavailable". Belongs to one loop; must outlive
// its tokens. It judges nothing in the answer but its form: whether the certificate is ours is the caller's to check.
#pragma once
#include <string>
#include <vector>

#include "certs/csr.h"
#include "certs/domain_roots.h"
#include "lib/api/federated.h"
#include "lib/base/operation.h"
#include "lib/net/named_connector.h"
#include "lib/rpc/http_client.h"
#include "lib/tls/tls_context.h"

namespace heddle {
enum class TokenKind : uint8_t { kJoin, kKubernetes };

struct CaRequest {
  std::string csr_pem;
  Secret token;          // of an attestation; a pod's also of a renewal
  TlsMaterial material;  // with an SVID: renewal, without: attestation; the bundle says which control plane we believe
  TokenKind kind = TokenKind::kJoin;
};

struct CaAnswer {
  std::string chain_pem;
  std::string serial;
  WallTime issued_at;
  WallTime not_after;
  DomainRoots::Ptr roots;
  FederatedTexts federated{};  // unread
};
// kBadRequest names the field. Unknown members are ignored: newer control planes may say more.
Result<CaAnswer> parse_ca_answer(std::string_view json, const TrustDomain&);

class CaClient {
 public:
  using OnAnswer = UniqueFunction<void(Result<CaAnswer>)>;
  virtual ~CaClient() = default;
  // OnAnswer runs once, from the loop. kUnauthenticated and kForbidden: the token or SVID was not accepted.
  [[nodiscard]] virtual Pending sign(CaRequest, OnAnswer) = 0;
};

struct CaClientOptions {
  std::vector<HostAddress> addresses;
  SpiffeId control;  // who must answer
  Duration connect = 5s;
  Duration answer = 20s;  // of one address, connecting included
};

class HttpCaClient final : public CaClient {
 public:
  HttpCaClient(const SessionContext&, Protocols&, Connector& below, CaClientOptions);
  [[nodiscard]] Pending sign(CaRequest, OnAnswer) override;

 private:
  class Call;
  SessionContext context_;
  Protocols& protocols_;
  CaClientOptions options_;
  NameLookup names_;
  std::vector<std::unique_ptr<NamedConnector>> dialers_;  // of each address
};
}  // namespace heddle
