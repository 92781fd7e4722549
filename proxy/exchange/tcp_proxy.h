// TcpProxy: the TcpHandler of a listener: joins a connection that carries opaque bytes to an endpoint. A connect that
// fails goes to another endpoint, at most twice, because no byte was sent. Where TLSRoutes are attached it first reads
// the server name of the client's own ClientHello (16 KiB, lib/tls/client_hello.h), whose bytes go upstream as they
// came; who asks for a name nobody routes gets the alert unrecognized_name. Belongs to one loop; outlives its
// connections.
#pragma once
#include <memory>
#include <optional>

#include "lib/net/proxy_header.h"
#include "lib/net/tcp_tunnel.h"
#include "proxy/exchange/admission.h"
#include "proxy/exchange/exchange_summary.h"
#include "proxy/exchange/incoming_connection.h"
#include "proxy/exchange/revoker.h"
#include "proxy/exchange/route_target.h"

namespace heddle {

struct TcpServices {
  static constexpr Duration kDetect = 10s;  // T1
  SessionContext context;
  TcpRouter& router;
  ExchangeObserver& observer;
  PipePool* pipes = nullptr;  // for splice(2); null: copy
  Duration idle = Tunnel::kIdleTimeout;
  Duration drain = SessionLimits{}.drain;  // T12
  Admission* admission = nullptr;          // null: everybody may come in
  Revoker* revoker = nullptr;              // null without admission
  // Written in front of each connection upstream: which of the PROXY protocol; absent: none.
  std::optional<ProxyVersion> proxy_header{};
  Duration detect = kDetect;  // for the ClientHello where TLSRoutes ask for its server name
};

class TcpProxy final : public TcpHandler {
 public:
  static constexpr size_t kMaxTries = 3;
  explicit TcpProxy(const TcpServices& services) : services_(services) {}
  void on_tcp(std::unique_ptr<Transport>) override;
  // For what is drained from now on.
  void set_drain(Duration drain) { services_.drain = drain; }

 private:
  class Joined;
  TcpServices services_;
};
}  // namespace heddle
