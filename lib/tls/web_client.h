// How a client reaches a server outside the mesh by TLS: whom it believes, and the certificate that it shows where the
// server asks for one. The server is verified by its host name (certs/web_pki.h). Pure; for control traffic (etcd, the
// Kubernetes API), which asks for it anew at each connection, so that files may change.
#pragma once
#include <string>

#include "lib/tls/tls_transport.h"

namespace heddle {
struct PemText {
  std::string text;
  std::string origin;  // a file or a field, for errors
};

struct WebClientPem {
  PemText ca;
  PemText certificate;  // with its chain; empty text: none is shown
  PemText key;
};

// `host`: a DNS name in lower case or an IP address without brackets; a name is sent as SNI, too. ALPN: h2, http/1.1.
// Errors name the origin: kConfigInvalid, kTooLarge and what WebRoots and PrivateKey say.
Result<TlsSetup> web_client_setup(const WebClientPem&, const std::string& host, Duration handshake);
}  // namespace heddle
