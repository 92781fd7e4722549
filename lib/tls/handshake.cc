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
  HEDDLE_TRY(auto verified, verify_peer(leaf, X509_STORE_CTX_get0_untrusted(store), context.bundle(), clock.wall()));
  if (check) HEDDLE_CHECK_OK(check(*verified.peer));
  peer = std::move(verified.peer);
  return {};
}
}  // namespace heddle
