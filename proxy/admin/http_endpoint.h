// HttpEndpoint: one address of the operator's HTTP (admin, health, stats): listener, connections and routes. Belongs to
// the main loop. At most kMaxConnections at once, so that operators cannot use up the proxy's descriptors, and
// kMaxOfSource from one address: who reaches it keeps nobody else out, Kubelet least of all.
// Before it is destroyed: stop(), then run the loop until connections() is zero, or abort() and one more turn.
#pragma once
#include <memory>

#include "lib/net/listener.h"
#include "lib/rpc/http_server.h"

namespace heddle {
class HttpEndpoint {
 public:
  static constexpr size_t kMaxConnections = 128;
  static constexpr size_t kMaxOfSource = 32;
  HttpEndpoint(Loop&, Protocols&);
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;
  // Routes are added before listen().
  HttpServer& server() noexcept { return server_; }
  // A Unix socket is made with mode 0600.
  Result<void> listen(const Address&);
  const Address& address() const { return listener_->address(); }  // with the real port; after listen()
  // No new connections; open ones end with what they are doing.
  void stop();
  void abort();
  size_t connections() const noexcept { return registry_.size(); }

 private:
  void accept(std::unique_ptr<Transport>);
  bool is_crowded(const Address& peer);
  void on_connection_gone();
  Loop& loop_;
  ConnectionRegistry registry_;
  ConnectionCap cap_{kMaxConnections};
  HttpServer server_;
  std::unique_ptr<Listener> listener_;
  DeferredOf<HttpEndpoint, &HttpEndpoint::on_connection_gone> recount_{*this};
};
}  // namespace heddle
