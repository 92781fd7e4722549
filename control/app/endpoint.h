// ControlEndpoint: one address the control plane answers on: listener, connection cap, connections and the HttpServer
// they speak to. Where it is told a TLS context it is TLS, with the newest one for each new connection; else it is
// plain. Control loop; before it is destroyed, abort() and run the loop until is_idle().
#pragma once
#include <functional>

#include "lib/net/listener.h"
#include "lib/rpc/http_server.h"
#include "lib/session/short_stay.h"
#include "lib/session/untrusted_peers.h"
#include "lib/tls/handshake_gate.h"
#include "lib/tls/tls_context.h"

namespace heddle {
class ControlEndpoint {
 public:
  // Of sidecars: after a restart all come at once; who stalls in the middle keeps nobody out (reliability A8).
  static constexpr HandshakeGate::Limits kHandshakes{.in_flight = 64, .steps_per_turn = 8, .least_rate = 50};
  struct Options {
    Address address;
    size_t max_connections = 64;
    size_t max_of_source = SIZE_MAX;  // of them from one address (IPv6: one /64)
    HttpServerLimits limits;
    Duration handshake = 10s;
    HandshakeGate::Limits handshakes{};
    Duration longest_stay{};  // of a connection, whatever it does; zero: as long as it keeps the limits
  };
  // What a new connection is served with. Empty: plain HTTP.
  using Contexts = std::function<std::shared_ptr<const TlsContext>()>;
  ControlEndpoint(Loop&, Protocols&, Contexts, Options);
  ~ControlEndpoint();
  HttpServer& http() noexcept { return http_; }
  HandshakeGate& handshakes() noexcept { return handshakes_; }
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
  // Connections that were closed at once, because their source held as many as it may.
  uint64_t crowded() const noexcept { return crowded_; }
  // After each connection that ended.
  void set_on_ended(Task task) { on_ended_ = std::move(task); }

 private:
  void accept(std::unique_ptr<Transport>);
  bool is_crowded(const Address& peer);
  void recount();
  Loop& loop_;
  const Contexts contexts_;
  Options options_;
  HandshakeGate handshakes_;  // after a restart all sidecars come at once
  ConnectionRegistry registry_;
  UntrustedPeers untrusted_{loop_, {&registry_}};
  std::optional<ShortStay> short_stay_;
  ConnectionCap cap_;
  HttpServer http_;
  std::unique_ptr<Listener> listener_;
  Task on_ended_;
  uint64_t crowded_ = 0;
  DeferredOf<ControlEndpoint, &ControlEndpoint::recount> recount_{*this};
};
}  // namespace heddle
