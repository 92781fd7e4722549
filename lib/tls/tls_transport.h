// TlsTransport: TLS as a decorator of a byte stream: owns the transport below and is its observer; code above cannot
// tell, except by info(). Belongs to one loop. Calls down only queue; encryption happens once a turn (Phase::kTls),
// decryption when bytes arrive. One copy on each side of OpenSSL's record buffer and no more. A connection idle for a
// second gives OpenSSL's buffers back.
//
// The peer is judged inside the handshake by certs/verify.h and by `check`. A failed handshake ends in on_closed with a
// reason of ours: kTlsHandshakeFailed, kTlsHandshakeTimeout, kPeerCertificate..., kPeerIdentityUnexpected. A stream
// that ends without close_notify was cut off: on_closed, never on_end (RFC 8446 §6.1).
#pragma once
#include <memory>

#include "lib/event/loop.h"
#include "lib/net/transport.h"
#include "lib/tls/buffer_bio.h"
#include "lib/tls/handshake.h"
#include "lib/tls/handshake_gate.h"

namespace heddle {

// Hears how handshakes end, once each; for metrics. `took` counts from the transport's creation.
class HandshakeWatcher {
 public:
  virtual void on_handshake(Reason result, Duration took) = 0;  // kNone: the peer is verified

 protected:
  ~HandshakeWatcher() = default;
};

struct TlsSetup {
  std::shared_ptr<const TlsContext> context;
  PeerCheck check;           // empty: any verified identity
  std::string server_name;   // client: SNI; empty for none
  Duration handshake = 10s;  // rule T2
  // Client: offer only this one protocol instead of the context's list.
  std::string_view only_alpn;
  HandshakeGate* gate = nullptr;        // server: waits its turn there; must outlive the transport
  HandshakeWatcher* watcher = nullptr;  // must outlive the transport
};

std::unique_ptr<Transport> make_tls_transport(Loop&, std::unique_ptr<Transport> below, TlsSetup);
}  // namespace heddle
