#include "proxy/admin/http_endpoint.h"

namespace heddle {
HttpEndpoint::HttpEndpoint(Loop& loop, Protocols& protocols)
    : loop_(loop), server_(SessionContext{loop, registry_}, protocols, HttpServerLimits{}) {
  registry_.set_on_removed([this] { on_connection_gone(); });
}

Result<void> HttpEndpoint::listen(const Address& address) {
  ListenSpec spec;
  spec.address = address;
  auto on_accept = [this](std::unique_ptr<Transport> transport) { accept(std::move(transport)); };
  HEDDLE_TRY(listener_, Listener::listen(loop_, spec, cap_, std::move(on_accept)));
  listener_->start();
  return {};
}

// On this machine and in this pod nobody is a stranger.
bool HttpEndpoint::is_crowded(const Address& peer) {
  if (!peer.is_ip() || peer.is_loopback()) return false;
  size_t held = 0;
  registry_.for_each([&held, source = peer.source()](const Connection& connection) {
    held += connection.describe().peer.source() == source;
  });
  return held >= kMaxOfSource;
}

void HttpEndpoint::accept(std::unique_ptr<Transport> transport) {
  if (is_crowded(transport->info().peer)) return loop_.defer(recount_);
  server_.serve(std::move(transport));
}

void HttpEndpoint::stop() {
  if (listener_ != nullptr) listener_->stop_accepting();
  registry_.drain_all();
}

void HttpEndpoint::abort() {
  if (listener_ != nullptr) listener_->stop_accepting();
  registry_.abort_all(make_error(Reason::kDraining, "the proxy ends"));
}

// A detected connection leaves the registry and its session enters it, so the count, not the call, is what is given
// back.
void HttpEndpoint::on_connection_gone() {
  while (cap_.used() > registry_.size()) cap_.give_back();
  if (listener_ != nullptr) listener_->connection_ended();
}
}  // namespace heddle
