#include "lib/tls/tls_context.h"

#include <algorithm>

#include "certs/narrow_openssl.h"
#include "lib/base/strings.h"
#include "lib/tls/handshake.h"

namespace heddle {
namespace {
constexpr char kCipherSuites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr char kCiphersForStrangers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr char kGroups[] = "X25519:P-256:P-384";
constexpr char kSignatures[] = "ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA-PSS+SHA384:ed25519";
// Public CAs sign with PKCS #1 v1.5, too; TLS 1.3 takes that in certificates only (RFC 8446 §4.2.3).
constexpr char kWebSignatures[] =
    "ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA-PSS+SHA384:ed25519:RSA+SHA256:RSA+SHA384";
constexpr long kMaxChainBytes = 32 * 1024;  // rule L14

Error tls_error(std::string_view what) {
  return make_error(Reason::kConfigInvalid, str_cat(what, ": ", openssl_error()));
}

bool restrict_protocol(SSL_CTX* ctx) {
  SSL_CTX_set_options(
      ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(ctx, 1);
  SSL_CTX_set_max_cert_list(ctx, kMaxChainBytes);
  return SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_ciphersuites(ctx, kCipherSuites) == 1 && SSL_CTX_set1_groups_list(ctx, kGroups) == 1 &&
         SSL_CTX_set1_sigalgs_list(ctx, kSignatures) == 1 && SSL_CTX_set1_client_sigalgs_list(ctx, kSignatures) == 1;
}

bool open_to_strangers(SSL_CTX* ctx) {
  return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(ctx, kCiphersForStrangers) == 1;
}

int verify_mode(PeerCertificatePolicy policy) {
  if (policy == PeerCertificatePolicy::kNone) return SSL_VERIFY_NONE;
  return policy == PeerCertificatePolicy::kRequired ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                                                    : SSL_VERIFY_PEER;
}

std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) wire.append(1, static_cast<char>(name.size())).append(name);
  return wire;
}

// RFC 7301 §3.2: the server chooses; a list without one of ours is a fatal alert.
// NOLINTNEXTLINE(readability-function-size): OpenSSL's parameters
int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                unsigned offered_length, void* arg) {
  const auto& ours = static_cast<const TlsContext*>(arg)->alpn();
  std::string_view list(reinterpret_cast<const char*>(offered), offered_length);
  for (const std::string& name : ours) {
    for (size_t at = 0; at < list.size(); at += 1 + static_cast<unsigned char>(list[at])) {
      std::string_view candidate = list.substr(at + 1, static_cast<unsigned char>(list[at]));
      if (candidate != name) continue;
      *out = offered + at + 1;
      *out_length = static_cast<unsigned char>(candidate.size());
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}
}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::create(const TlsMaterial& material, Options options) {
  HEDDLE_CHECK(material.bundle != nullptr);
  auto self = std::shared_ptr<TlsContext>(new TlsContext());  // lint: new private constructor
  self->material_ = material;
  self->options_ = std::move(options);
  bool is_server = self->options_.role == TlsRole::kServer;
  self->context_.reset(
      SSL_CTX_new_ex(handshake_library(), nullptr, is_server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* ctx = self->context_.get();
  if (ctx == nullptr || !restrict_protocol(ctx)) return tls_error("cannot set up TLS 1.3");
  bool is_for_strangers = self->options_.peer == PeerCertificatePolicy::kNone;
  bool takes_any_signature = self->options_.web_server || (is_for_strangers && !is_server);
  if (takes_any_signature && SSL_CTX_set1_sigalgs_list(ctx, kWebSignatures) != 1) {
    return tls_error("cannot set the signatures of web servers");
  }
  if (is_for_strangers && !open_to_strangers(ctx)) return tls_error("cannot set up TLS 1.2");
  HEDDLE_CHECK_OK(self->load_identity());

  SSL_CTX_set_verify(ctx, verify_mode(self->options_.peer), nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, &HandshakeState::verify_callback, nullptr);
  if (!self->options_.alpn.empty()) {
    std::string wire = alpn_wire(self->options_.alpn);
    if (is_server) SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, self.get());
    // 0 is success here, unlike everywhere else in OpenSSL.
    if (SSL_CTX_set_alpn_protos(ctx, reinterpret_cast<const unsigned char*>(wire.data()),
                                static_cast<unsigned>(wire.size())) != 0) {
      return tls_error("cannot set ALPN");
    }
  }
  return std::shared_ptr<const TlsContext>(std::move(self));
}

bool TlsContext::is_foreign(const PeerCertificate& peer) const noexcept {
  if (material_.svid == nullptr || !peer.spiffe_id()) return false;
  return peer.spiffe_id()->trust_domain_name() != material_.svid->id.trust_domain_name();
}

Result<void> TlsContext::load_identity() {
  bool is_server = options_.role == TlsRole::kServer;
  if (material_.web != nullptr) return load(material_.web->chain, *material_.web->key, "the certificate");
  if (material_.svid != nullptr) return load(material_.svid->chain, *material_.svid->key, "the SVID");
  if (is_server) return make_error(Reason::kConfigInvalid, "a TLS server needs an SVID");
  return {};
}

Result<void> TlsContext::load(const CertChain& chain, const PrivateKey& key, std::string_view whose) {
  SSL_CTX* ctx = context_.get();
  if (chain.empty()) return make_error(Reason::kConfigInvalid, str_cat(whose, " is missing"));
  if (SSL_CTX_use_certificate(ctx, chain.front().get()) != 1) return tls_error(str_cat("cannot use ", whose));
  for (size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(ctx, chain[i].get()) != 1) return tls_error(str_cat("cannot use the chain of ", whose));
  }
  if (SSL_CTX_use_PrivateKey(ctx, key.raw()) != 1) return tls_error(str_cat("cannot use the key of ", whose));
  if (SSL_CTX_check_private_key(ctx) != 1) return tls_error(str_cat("the key is not that of ", whose));
  return {};
}

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::create(const TlsMaterial& material) {
  std::vector<std::string> names = {std::string(alpn::kHttp2), std::string(alpn::kHttp1), std::string(alpn::kTcp)};
  auto identity = std::make_shared<TlsIdentity>();
  identity->svid = material.svid;
  identity->bundle = material.bundle;
  HEDDLE_TRY(identity->client,
             TlsContext::create(material, {TlsRole::kClient, PeerCertificatePolicy::kRequired, names}));
  HEDDLE_TRY(identity->server,
             TlsContext::create(material, {TlsRole::kServer, PeerCertificatePolicy::kRequired, names}));
  return std::shared_ptr<const TlsIdentity>(std::move(identity));
}
}  // namespace heddle
