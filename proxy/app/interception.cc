#include "proxy/app/interception.h"

#include <utility>

namespace heddle {
struct Interception::Waiting final : WantWaiter {
  Waiting(Interception& o, const Address& t, std::unique_ptr<Transport> c) : owner(o), to(t), transport(std::move(c)) {}
  void on_wanted(const Result<void>& result) override { owner.on_told(*this, result); }
  Interception& owner;
  const Address to;
  std::unique_ptr<Transport> transport;
};

Interception::Interception(const ListenerSettings& listener, std::vector<Address> own, const WorkerConfig& config,
                           const IncomingSpec& base, MakeDetector make_detector, WorkerWants* wants)
    : is_inbound_(listener.direction == ListenerSettings::Direction::kInbound),
      opaque_(listener.opaque_ports),
      own_(std::move(own)),
      config_(config),
      base_(base),
      make_detector_(std::move(make_detector)),
      wants_(wants) {
  base_.protocol = PortProtocol::kAuto;
  base_.detector = nullptr;
  for (PortProtocol protocol : {PortProtocol::kHttp, PortProtocol::kHttp2, PortProtocol::kGrpc, PortProtocol::kTcp}) {
    auto spec = std::make_unique<IncomingSpec>(base_);
    spec->protocol = protocol;
    declared_.at(static_cast<size_t>(protocol)) = std::move(spec);
  }
}

void Interception::accept(std::unique_ptr<Transport> transport) {
  auto to = redirected_from(transport->info(), own_);
  if (!to) return refuse(std::move(transport), to.error());
  const Destination* found = find(*to);
  bool is_held = found == nullptr || found->kind != Destination::Kind::kExternal;
  if (is_held || wants_ == nullptr || wants_->is_unowned(*to)) return accept(*to, found, std::move(transport));
  wait(*to, std::move(transport));
}

void Interception::accept(const Address& to, const Destination* found, std::unique_ptr<Transport> transport) {
  PortProtocol protocol = is_opaque(to.port()) ? PortProtocol::kTcp : protocol_of(found);
  bool learns = protocol == PortProtocol::kAuto;
  accept_connection(learns ? learning_spec(to) : *declared_.at(static_cast<size_t>(protocol)), std::move(transport));
}

void Interception::refuse(std::unique_ptr<Transport> transport, const Error& why) {
  base_.http->on_bad_connection(transport->info(), why);
  transport->close(CloseMode::kAbort);
}

void Interception::wait(const Address& to, std::unique_ptr<Transport> transport) {
  if (waiting_.size() >= kMaxWaiting) {
    return refuse(std::move(transport), make_error(Reason::kPendingOverflow, "128 connections wait already"));
  }
  auto waiting = std::make_unique<Waiting>(*this, to, std::move(transport));
  Waiting& added = *waiting;
  waiting_.emplace(&added, std::move(waiting));
  wants_->wait(to, added);
}

// What became a service's, and is not here all the same, is not external: it would be called in plaintext.
void Interception::on_told(Waiting& waiting, const Result<void>& result) {
  Address to = waiting.to;
  std::unique_ptr<Transport> transport = std::move(waiting.transport);
  waiting_.erase(&waiting);
  if (!result && result.error().reason != Reason::kServiceUnknown) return refuse(std::move(transport), result.error());
  const Destination* found = find(to);
  bool is_external = found != nullptr && found->kind == Destination::Kind::kExternal;
  if (result && is_external) return refuse(std::move(transport), make_error(Reason::kServiceUnknown, to.text()));
  accept(to, found, std::move(transport));
}

void Interception::set_drain(Duration drain) {
  base_.session.drain = drain;
  for (auto& spec : declared_) {
    if (spec != nullptr) spec->session.drain = drain;
  }
  for (auto& [address, learned] : learned_) learned->spec.session.drain = drain;
}

// nullptr: there is no configuration yet, or none is asked.
const Destination* Interception::find(const Address& to) const {
  const auto& current = config_.current();
  if (is_inbound_ || current == nullptr || current->destinations == nullptr) return nullptr;
  return &current->destinations->find(to);
}

bool Interception::is_opaque(uint16_t port) const noexcept {
  for (const auto& [first, last] : opaque_) {
    if (port >= first && port <= last) return true;
  }
  return false;
}

// Inbound ports are found out: the caller's ALPN says it where a sidecar calls.
PortProtocol Interception::protocol_of(const Destination* found) const {
  if (is_inbound_) return PortProtocol::kAuto;
  if (found == nullptr) return PortProtocol::kTcp;
  if (found->kind == Destination::Kind::kService) return found->service.port->port.protocol;
  return found->kind == Destination::Kind::kEndpoint ? PortProtocol::kAuto : PortProtocol::kTcp;
}

const IncomingSpec& Interception::learning_spec(const Address& to) {
  auto found = learned_.find(to);
  if (found != learned_.end()) return found->second->spec;
  if (learned_.size() >= kMaxLearned || !make_detector_) return base_;
  auto& learned = learned_[to];
  learned = std::make_unique<Learned>(base_);
  learned->detector = make_detector_(to, learned->memory);
  learned->spec.detector = learned->detector.get();
  return learned->spec;
}
Interception::~Interception() = default;
}  // namespace heddle
