// TlsContext: one SSL_CTX for one role and one generation of certificate and trust bundle. Immutable once made, shared
// by every connection of its generation (never mutated while live: rule S7), safe from any thread.
//
// TLS 1.3 only (but for strangers, see kNone); no tickets, no session cache, no renegotiation (a ticket would resume
// without any verify call after the bundle changed, measured); AES-128-GCM preferred; X25519 first; the complete chain
// is set, so that OpenSSL does not rebuild and verify our own chain in every handshake. Peers are judged by
// certs/verify.h, not by OpenSSL's store.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "certs/svid.h"
#include "certs/trust_bundle.h"
#include "certs/web_certificate.h"
#include "certs/web_pki.h"
#include "lib/tls/ssl_ptr.h"
#include "lib/tls/verdict_cache.h"

namespace heddle {

enum class TlsRole : uint8_t { kClient, kServer };
enum class PeerCertificatePolicy : uint8_t {
  kRequired,  // mutual TLS
  kOptional,  // asked for; a peer without one is a peer without an identity (the attestation endpoint)
  // Server: not asked for. Client: whatever it shows is believed; only for asking the application beside us whether it
  // is well. With strangers TLS 1.2 with forward secrecy and AEAD will do, too: what Mozilla calls "intermediate", as
  // SPIFFE Federation §5 wants it of a bundle endpoint.
  kNone,
};

namespace alpn {
inline constexpr std::string_view kHttp2 = "h2";
inline constexpr std::string_view kHttp1 = "http/1.1";
inline constexpr std::string_view kTcp = "heddle-tcp";  // opaque TCP between sidecars
}  // namespace alpn

struct TlsMaterial {
  std::shared_ptr<const Svid> svid;             // may be null for a client that has no identity yet
  std::shared_ptr<const TrustBundle> bundle;    // whom we believe
  std::shared_ptr<const WebCertificate> web{};  // shown instead of an SVID; a client's: to servers outside the mesh
};

class TlsContext {
 public:
  struct Options {
    TlsRole role = TlsRole::kClient;
    PeerCertificatePolicy peer = PeerCertificatePolicy::kRequired;
    // In order of preference. A server picks the first of these that the client offers; a client that offers ALPN
    // without any of them is refused (no_application_protocol); one that offers none at all goes on without.
    std::vector<std::string> alpn;
    // Client: the peer is a public web server, verified by its host name against a CA file instead of by its SPIFFE id
    // (certs/web_pki.h). It then has no identity: ConnectionInfo names no peer, and no PeerCheck is asked.
    std::optional<WebServer> web_server{};
  };
  static Result<std::shared_ptr<const TlsContext>> create(const TlsMaterial&, Options);

  SSL_CTX* raw() const noexcept { return context_.get(); }
  TlsRole role() const noexcept { return options_.role; }
  PeerCertificatePolicy peer_policy() const noexcept { return options_.peer; }
  const TrustBundle& bundle() const noexcept { return *material_.bundle; }
  const Svid* svid() const noexcept { return material_.svid.get(); }
  // Of another trust domain than our certificate; nobody is to who has none.
  bool is_foreign(const PeerCertificate&) const noexcept;
  const std::optional<WebServer>& web_server() const noexcept { return options_.web_server; }
  const std::vector<std::string>& alpn() const noexcept { return options_.alpn; }
  // Of this generation; the one thing here that changes, behind a lock of its own.
  VerdictCache& verdicts() const noexcept { return verdicts_; }

 private:
  TlsContext() = default;
  Result<void> load_identity();
  Result<void> load(const CertChain&, const PrivateKey&, std::string_view whose);
  TlsMaterial material_;
  Options options_;
  SslContextPtr context_;
  mutable VerdictCache verdicts_;
};

// The two contexts a sidecar needs, published ready to use whenever certificate or bundle change.
struct TlsIdentity {
  std::shared_ptr<const TlsContext> client;
  std::shared_ptr<const TlsContext> server;
  std::shared_ptr<const Svid> svid;
  std::shared_ptr<const TrustBundle> bundle;
  // Client and server with ALPN h2, http/1.1 and heddle-tcp.
  static Result<std::shared_ptr<const TlsIdentity>> create(const TlsMaterial&);
};
}  // namespace heddle
