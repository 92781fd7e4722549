#include "proxy/app/interception.h"

#include <utility>

namespace heddle {
Interception::Interception(const ListenerSettings& listener, std::vector<Address> own, const WorkerConfig& config,
                           const IncomingSpec& base, MakeDetector make_detector)
    : is_inbound_(listener.direction == ListenerSettings::Direction::kInbound),
      own_(std::move(own)),
      config_(config),
      base_(base),
      make_detector_(std::move(make_detector)) {
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
  if (to) return accept_connection(spec_for(*to), std::move(transport));
  base_.http->on_bad_connection(transport->info(), to.error());
  transport->close(CloseMode::kAbort);
}

void Interception::set_drain(Duration drain) {
  base_.session.drain = drain;
  for (auto& spec : declared_) {
    if (spec != nullptr) spec->session.drain = drain;
  }
  for (auto& [address, learned] : learned_) learned->spec.session.drain = drain;
}

const IncomingSpec& Interception::spec_for(const Address& to) {
  PortProtocol protocol = protocol_of(to);
  return protocol == PortProtocol::kAuto ? learning_spec(to) : *declared_.at(static_cast<size_t>(protocol));
}

// Inbound ports are found out: the caller's ALPN says it where a sidecar calls.
PortProtocol Interception::protocol_of(const Address& to) const {
  if (is_inbound_) return PortProtocol::kAuto;
  const auto& current = config_.current();
  if (current == nullptr || current->destinations == nullptr) return PortProtocol::kTcp;
  const Destination& found = current->destinations->find(to);
  if (found.kind == Destination::Kind::kService) return found.service.port->port.protocol;
  return found.kind == Destination::Kind::kEndpoint ? PortProtocol::kAuto : PortProtocol::kTcp;
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
}  // namespace heddle
