// IncomingConnection: a downstream connection until its protocol is known. Terminates TLS where the listener says so,
// looks at ALPN or at the first bytes, then hands the transport to an HTTP session or to the TCP handler and retires.
// Owns itself; belongs to one loop. Bytes it looked at stay in the transport for the next observer.
//
//   accepted --(tls: strict)--> handshake --ALPN h2 / http/1.1 / heddle-tcp--> handed over
//        \--(tls: off)---------------------------> protocol known, or first bytes --> handed over
//        \--(permissive): first byte 0x16 --> handshake, else plaintext
//
// Who says nothing where the server may be who speaks first is handed over as opaque TCP when the time has passed, to
// be judged like any TCP (Admission); how long that takes is learned per destination (Detector). Else silence is
// refused. With `proxy_header` a PROXY header comes before all that, within the same time; without, nobody looks for
// one.
#pragma once
#include <memory>

#include "lib/config/model.h"
#include "lib/event/loop.h"
#include "lib/session/server_session.h"
#include "lib/tls/tls_transport.h"
#include "proxy/exchange/detector.h"
#include "proxy/telemetry/proxy_metrics.h"

namespace heddle {

enum class InboundTls : uint8_t { kStrict, kPermissive, kOff };

// Takes over connections that carry opaque bytes.
class TcpHandler {
 public:
  virtual void on_tcp(std::unique_ptr<Transport>) = 0;

 protected:
  ~TcpHandler() = default;
};

// The setup for a server handshake now: current certificate generation and whom to admit. An error when there is no
// identity yet.
class ServerTlsSource {
 public:
  virtual Result<TlsSetup> server_setup() = 0;

 protected:
  ~ServerTlsSource() = default;
};

// What every connection of one listener on one worker shares; outlives them.
struct IncomingSpec {
  explicit IncomingSpec(const SessionContext& c) : context(c) {}
  SessionContext context;
  PortProtocol protocol = PortProtocol::kAuto;
  InboundTls tls = InboundTls::kOff;
  bool proxy_header = false;  // one is required
  ServerTlsSource* tls_source = nullptr;
  ServerProtocol* http1 = nullptr;
  ServerProtocol* http2 = nullptr;
  RequestHandler* http = nullptr;
  TcpHandler* tcp = nullptr;
  SessionLimits session;
  Duration detect = 10s;                    // T1
  PermissiveMetrics* permissive = nullptr;  // null of other listeners
  Detector* detector = nullptr;             // null: nothing is learned, and silence is refused
};

// Starts looking at an accepted connection.
void accept_connection(const IncomingSpec&, std::unique_ptr<Transport>);
}  // namespace heddle
