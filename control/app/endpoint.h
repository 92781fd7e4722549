// ControlEndpoint: one address the control plane answers on: listener, connection cap, connections and the HttpServer
// they speak to. With an identity it is TLS 1.3, with the newest certificate for each new connection; without it is
// plain. Control loop; before it is destroyed, abort() and run the loop until is_idle().
#pragma once
#include "control/app/own_identity.h"
#include "lib/net/listener.h"
#include "lib/rpc/http_server.h"
#include "lib/session/untrusted_peers.h"
#include "lib/tls/handshake_gate.h"

namespace heddle {
class ControlEndpoint {
 public:
  struct Options {
    Address address;
    size_t max_connections = 64;
    HttpServerLimits limits;
  };
  // `identity` may be null: plain HTTP.
  ControlEndpoint(Loop&, Protocols&, const OwnIdentity* identity, Options);
  ~ControlEndpoint();
  HttpServer& http() noexcept { return http_; }
  // After the routes are set. The error names the address.
  Result<void> listen();
  const Address& address() const { return listener_->address(); }  // with the real port

  // No new connections; those that are open end with what is in flight.
  void drain();
  // Connections of whom these roots vouch for no more end.
  void use(std::shared_ptr<const TrustBundle> bundle) { untrusted_.use(std::move(bundle)); }
  void abort();
  bool is_idle() const noexcept { return registry_.size() == 0; }
  size_t connections() const noexcept { return registry_.size(); }
  // After each connection that ended.
  void set_on_ended(Task task) { on_ended_ = std::move(task); }

 private:
  void accept(std::unique_ptr<Transport>);
  void recount();
  Loop& loop_;
  const OwnIdentity* identity_;
  Options options_;
  HandshakeGate handshakes_;  // after a restart all sidecars come at once
  ConnectionRegistry registry_;
  UntrustedPeers untrusted_{loop_, {&registry_}};
  ConnectionCap cap_;
  HttpServer http_;
  std::unique_ptr<Listener> listener_;
  Task on_ended_;
  DeferredOf<ControlEndpoint, &ControlEndpoint::recount> recount_{*this};
};
}  // namespace heddle
