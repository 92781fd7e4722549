#include "lib/tls/handshake.h"

#include "certs/verify.h"

namespace heddle {

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

Result<std::shared_ptr<const PeerCertificate>> HandshakeState::who_is(X509* leaf, const STACK_OF(X509) * shown) const {
  WallTime now = clock.wall();
  std::optional<std::string> key = VerdictCache::key_of(leaf, shown);
  if (key) {
    if (auto known = context.verdicts().find(*key, now)) return known;
  }
  HEDDLE_TRY(auto verified, verify_peer(leaf, shown, context.bundle(), now));
  if (key) context.verdicts().add(*std::move(key), verified, now);
  return std::move(verified.peer);
}
}  // namespace heddle
