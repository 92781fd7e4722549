#include "lib/tls/key_update_guard.h"

namespace heddle {
void KeyUpdateGuard::watch(SSL* ssl) {
  SSL_set_msg_callback(ssl, &KeyUpdateGuard::on_message);
  SSL_set_msg_callback_arg(ssl, this);
}

// NOLINTNEXTLINE(readability-function-size): OpenSSL's parameters
void KeyUpdateGuard::on_message(int sent, int, int content, const void* data, size_t size, SSL*, void* self) {
  if (sent != 0 || content != SSL3_RT_HANDSHAKE || size == 0) return;
  if (*static_cast<const unsigned char*>(data) == SSL3_MT_KEY_UPDATE) static_cast<KeyUpdateGuard*>(self)->count();
}

void KeyUpdateGuard::count() {
  if (allowance_.take(clock_.now())) return;
  flooded_ = true;
  input_.set_input(nullptr);
}
}  // namespace heddle
