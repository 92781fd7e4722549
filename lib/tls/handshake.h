// HandshakeState: what one handshake learns about its peer. Lives in the TlsTransport; OpenSSL's verify callback finds
// it through the SSL object. The callback runs verify_peer() and the connection's own PeerCheck, so that every refusal
// has a reason of ours and not only an alert number.
#pragma once
#include <memory>
#include <optional>

#include "certs/authorizer.h"
#include "lib/base/clock.h"
#include "lib/tls/tls_context.h"

namespace heddle {
struct HandshakeState {
  const TlsContext& context;
  const Clock& clock;
  PeerCheck check;  // empty: any verified identity
  std::shared_ptr<const PeerCertificate> peer;
  std::optional<Error> refusal;
  int x509_error = X509_V_OK;  // of a path that was refused

  void bind(SSL*);
  static int verify_callback(X509_STORE_CTX*, void*);

 private:
  Result<void> judge(X509_STORE_CTX*);
  int code_of(const Error&) const;
  Result<std::shared_ptr<const PeerCertificate>> who_is(X509* leaf, STACK_OF(X509) * shown);
};
}  // namespace heddle
