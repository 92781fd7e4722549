#include "control/app/endpoint.h"

#include "lib/base/strings.h"
#include "lib/tls/tls_transport.h"

namespace heddle {
ControlEndpoint::ControlEndpoint(Loop& loop, Protocols& protocols, const OwnIdentity* identity, Options options)
    : loop_(loop),
      identity_(identity),
      options_(std::move(options)),
      handshakes_(loop, {}, nullptr),
      cap_(options_.max_connections),
      http_({loop, registry_}, protocols, options_.limits) {
  // A connection changes its owner while its protocol is found out: what counts is how many there are after the turn.
  registry_.set_on_removed([this] { loop_.defer(recount_); });
}

ControlEndpoint::~ControlEndpoint() {
  registry_.set_on_removed([] {});
}

Result<void> ControlEndpoint::listen() {
  ListenSpec spec;
  spec.address = options_.address;
  auto listener = Listener::listen(loop_, spec, cap_,
                                   [this](std::unique_ptr<Transport> transport) { accept(std::move(transport)); });
  if (!listener) return std::move(listener).error();
  listener_ = *std::move(listener);
  listener_->start();
  return {};
}

void ControlEndpoint::accept(std::unique_ptr<Transport> transport) {
  if (identity_ == nullptr) return http_.serve(std::move(transport));
  TlsSetup setup;
  setup.context = identity_->context();
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
