#include "lib/tls/handshake.h"

#include "certs/verify.h"

namespace heddle {

namespace {
// What the peer showed stays in OpenSSL's session as long as the connection lives, 4 KiB and more for each certificate
// (the key alone brings its curve). After the verdict only the leaf is needed, for CertificateVerify.
void drop_issuers(STACK_OF(X509) * shown) {
  while (shown != nullptr && sk_X509_num(shown) > 1) X509_free(sk_X509_pop(shown));
}

// The same certificate, byte by byte, is held once for all connections of a peer.
void share_leaf(X509* leaf, X509Ptr shared, STACK_OF(X509) * shown) {
  drop_issuers(shown);
  if (shown == nullptr || sk_X509_value(shown, 0) != leaf) return;
  sk_X509_set(shown, 0, shared.release());
  X509_free(leaf);
}
}  // namespace

void HandshakeState::bind(SSL* ssl) { SSL_set_app_data(ssl, this); }

int HandshakeState::verify_callback(X509_STORE_CTX* store, void*) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* self = static_cast<HandshakeState*>(SSL_get_app_data(ssl));
  auto verdict = self->judge(store);
  if (verdict) return 1;
  self->refusal = std::move(verdict).error();
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

Result<void> HandshakeState::judge(X509_STORE_CTX* store) {
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  HEDDLE_TRY(auto verified, who_is(leaf, X509_STORE_CTX_get0_untrusted(store)));
  if (check) HEDDLE_CHECK_OK(check(*verified));
  peer = std::move(verified);
  return {};
}

Result<std::shared_ptr<const PeerCertificate>> HandshakeState::who_is(X509* leaf, STACK_OF(X509) * shown) const {
  WallTime now = clock.wall();
  std::optional<std::string> key = VerdictCache::key_of(leaf, shown);
  if (key) {
    VerdictCache::Known known = context.verdicts().find(*key, now);
    if (known.peer != nullptr) {
      share_leaf(leaf, std::move(known.leaf), shown);
      return std::move(known.peer);
    }
  }
  HEDDLE_TRY(auto verified, verify_peer(leaf, shown, context.bundle(), now));
  if (key) context.verdicts().add(*std::move(key), leaf, verified, now);
  drop_issuers(shown);
  return std::move(verified.peer);
}
}  // namespace heddle
