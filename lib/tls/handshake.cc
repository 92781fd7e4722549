#include "lib/tls/handshake.h"

#include <algorithm>

#include "certs/verify.h"

namespace heddle {

namespace {
// The same certificate again, in the default library context: there its key is read (certs/narrow_openssl.h).
X509Shared read_with_key(X509* certificate) {
  return X509Shared(from_der<X509Ptr>(to_der(certificate, i2d_X509), d2i_X509));
}

Result<CertChain> read_with_keys(X509* leaf, const STACK_OF(X509) * shown) {
  CertChain chain{read_with_key(leaf)};
  for (int i = 0; shown != nullptr && i < sk_X509_num(shown); ++i) {
    X509* certificate = sk_X509_value(shown, i);
    if (i > 0 || certificate != leaf) chain.push_back(read_with_key(certificate));
  }
  if (std::ranges::find(chain, nullptr) == chain.end()) return chain;
  return make_error(Reason::kPeerCertificateInvalid, "a certificate of the peer cannot be read");
}

// OpenSSL's session holds what the peer showed as long as the connection lives. After the verdict only the leaf is
// needed, for CertificateVerify: one that was read with its key, and the same for all connections of the peer.
void keep_leaf_only(STACK_OF(X509) * shown, X509* leaf) {
  if (shown == nullptr || sk_X509_num(shown) == 0) return;
  while (sk_X509_num(shown) > 1) X509_free(sk_X509_pop(shown));
  X509_up_ref(leaf);
  X509_free(sk_X509_value(shown, 0));
  sk_X509_set(shown, 0, leaf);
}
}  // namespace

void HandshakeState::bind(SSL* ssl) { SSL_set_app_data(ssl, this); }

int HandshakeState::verify_callback(X509_STORE_CTX* store, void*) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* self = static_cast<HandshakeState*>(SSL_get_app_data(ssl));
  auto verdict = self->judge(store);
  if (verdict) return 1;
  self->refusal = std::move(verdict).error();
  X509_STORE_CTX_set_error(store, self->code_of(*self->refusal));
  return 0;
}

// What OpenSSL makes the alert of (RFC 8446 §6.2): unknown_ca, certificate_expired, bad_certificate. An identity that
// we know and do not want is handshake_failure.
int HandshakeState::code_of(const Error& why) const {
  if (why.reason == Reason::kPeerTrustDomainUnknown) return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
  if (why.reason != Reason::kPeerCertificateInvalid) return X509_V_ERR_APPLICATION_VERIFICATION;
  return x509_error != X509_V_OK ? x509_error : X509_V_ERR_CERT_REJECTED;
}

Result<void> HandshakeState::judge(X509_STORE_CTX* store) {
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  if (context.web_server()) {
    HEDDLE_TRY(CertChain chain, read_with_keys(leaf, X509_STORE_CTX_get0_untrusted(store)));
    HEDDLE_CHECK_OK(verify_web_server(chain, *context.web_server(), clock.wall(), &x509_error));
    keep_leaf_only(X509_STORE_CTX_get0_untrusted(store), chain.front().get());
    return {};
  }
  if (context.peer_policy() == PeerCertificatePolicy::kNone) {
    HEDDLE_TRY(CertChain chain, read_with_keys(leaf, X509_STORE_CTX_get0_untrusted(store)));
    keep_leaf_only(X509_STORE_CTX_get0_untrusted(store), chain.front().get());
    return {};
  }
  HEDDLE_TRY(auto verified, who_is(leaf, X509_STORE_CTX_get0_untrusted(store)));
  if (check) HEDDLE_CHECK_OK(check(*verified));
  peer = std::move(verified);
  return {};
}

Result<std::shared_ptr<const PeerCertificate>> HandshakeState::who_is(X509* leaf, STACK_OF(X509) * shown) {
  WallTime now = clock.wall();
  std::optional<std::string> key = VerdictCache::key_of(leaf, shown);
  if (key) {
    VerdictCache::Known known = context.verdicts().find(*key, now);
    if (known.peer != nullptr) {
      keep_leaf_only(shown, known.leaf.get());
      return std::move(known.peer);
    }
  }
  HEDDLE_TRY(CertChain chain, read_with_keys(leaf, shown));
  HEDDLE_TRY(auto verified, verify_peer(chain, context.bundle(), now, &x509_error));
  auto whose = context.is_foreign(*verified.peer) ? VerdictCache::Whose::kForeign : VerdictCache::Whose::kOwn;
  if (key) context.verdicts().add(*std::move(key), chain.front().get(), verified, now, whose);
  keep_leaf_only(shown, chain.front().get());
  return std::move(verified.peer);
}
}  // namespace heddle
