#include "control/app/endpoint.h"

#include "lib/base/strings.h"
#include "lib/tls/tls_transport.h"

namespace heddle {
ControlEndpoint::ControlEndpoint(Loop& loop, Protocols& protocols, Contexts contexts, Options options)
    : loop_(loop),
      contexts_(std::move(contexts)),
      options_(std::move(options)),
      handshakes_(loop, options_.handshakes, nullptr),
      cap_(options_.max_connections),
      http_({loop, registry_}, protocols, options_.limits) {
  // A connection changes its owner while its protocol is found out: what counts is how many there are after the turn.
  registry_.set_on_removed([this] { loop_.defer(recount_); });
  if (options_.longest_stay > Duration{}) short_stay_.emplace(loop, registry_, options_.longest_stay);
}

ControlEndpoint::~ControlEndpoint() {
  registry_.set_on_removed([] {});
}

Result<void> ControlEndpoint::listen() {
  ListenSpec spec;
  spec.address = options_.address;
  spec.backlog = 4096;  // as the kernel allows by default: after a restart everybody comes at once
  auto listener = Listener::listen(loop_, spec, cap_,
                                   [this](std::unique_ptr<Transport> transport) { accept(std::move(transport)); });
  if (!listener) return std::move(listener).error();
  listener_ = *std::move(listener);
  listener_->start();
  return {};
}

// Few places are limited so: looking at each is cheaper than to count them.
bool ControlEndpoint::is_crowded(const Address& peer) {
  if (options_.max_of_source >= options_.max_connections) return false;
  size_t held = 0;
  registry_.for_each([&held, source = peer.source()](const Connection& connection) {
    held += connection.describe().peer.source() == source;
  });
  return held >= options_.max_of_source;
}

void ControlEndpoint::accept(std::unique_ptr<Transport> transport) {
  if (is_crowded(transport->info().peer)) {
    ++crowded_;
    return loop_.defer(recount_);
  }
  if (!contexts_) return http_.serve(std::move(transport));
  TlsSetup setup;
  setup.context = contexts_();
  setup.handshake = options_.handshake;
  setup.gate = &handshakes_;
  http_.serve(make_tls_transport(loop_, std::move(transport), std::move(setup)));
}

void ControlEndpoint::recount() {
  while (cap_.used() > registry_.size()) cap_.give_back();
  if (listener_ != nullptr) listener_->connection_ended();
  if (on_ended_) on_ended_();
}

void ControlEndpoint::drain() {
  if (listener_ != nullptr) listener_->stop_accepting();
  registry_.drain_all();
}

void ControlEndpoint::abort() {
  listener_.reset();
  registry_.abort_all(make_error(Reason::kDraining, "the control plane stops"));
}
}  // namespace heddle
