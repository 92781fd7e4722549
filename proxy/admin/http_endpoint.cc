#include "proxy/admin/http_endpoint.h"

namespace heddle {
HttpEndpoint::HttpEndpoint(Loop& loop, Protocols& protocols)
    : loop_(loop), server_(SessionContext{loop, registry_}, protocols, HttpServerLimits{}) {
  registry_.set_on_removed([this] { on_connection_gone(); });
}

Result<void> HttpEndpoint::listen(const Address& address) {
  ListenSpec spec;
  spec.address = address;
  auto accept = [this](std::unique_ptr<Transport> transport) { server_.serve(std::move(transport)); };
  HEDDLE_TRY(listener_, Listener::listen(loop_, spec, cap_, std::move(accept)));
  listener_->start();
  return {};
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
