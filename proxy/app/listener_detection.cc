#include "proxy/app/listener_detection.h"

#include <utility>

#include "lib/base/strings.h"

namespace heddle {
namespace {
bool is_inbound(const ListenerSettings& listener) {
  return listener.direction == ListenerSettings::Direction::kInbound;
}

bool is_permissive(const ListenerSettings& listener) {
  return is_inbound(listener) && listener.tls == InboundTls::kPermissive;
}

std::string setting_of(const ListenerSettings& listener) {
  std::string whose = str_cat("listener \"", listener.name, "\": ");
  if (listener.intercept && !is_inbound(listener)) return str_cat(whose, "ports[].protocol: tcp of its Service");
  if (listener.intercept) return str_cat(whose, "an explicit inbound listener with protocol: tcp");
  if (is_permissive(listener)) return str_cat(whose, "protocol: tcp, and tls: strict or off");
  if (is_inbound(listener) || !listener.service.empty()) return str_cat(whose, "protocol: tcp");
  return str_cat(whose, "for opaque TCP a listener of its own, with service and protocol: tcp");
}
}  // namespace

std::string destination_of(const ListenerSettings& listener) {
  if (listener.intercept) return "original destination";
  if (listener.forward) return listener.forward->text();
  return listener.port == 0 || listener.service.empty() ? listener.service
                                                        : str_cat(listener.service, ":", std::to_string(listener.port));
}

std::optional<Detector::Spec> detector_spec(const ListenerSettings& listener) {
  bool looks_for_tls = is_permissive(listener) && listener.protocol == PortProtocol::kTcp;
  if (listener.protocol != PortProtocol::kAuto && !looks_for_tls) return std::nullopt;
  Detector::Spec spec;
  spec.listener = listener.name;
  spec.destination = destination_of(listener);
  if (spec.destination.empty()) spec.destination = listener.name;
  spec.setting = setting_of(listener);
  spec.may_be_tcp = is_inbound(listener) || listener.intercept || !listener.service.empty();
  if (is_permissive(listener)) spec.moment = Detector::kPermissiveMoment;
  return spec;
}

std::unique_ptr<Detector> make_detector(const ListenerSettings& listener, DestinationMemory* memory,
                                        const WorkerShared& shared) {
  auto spec = detector_spec(listener);
  if (!spec || memory == nullptr) return nullptr;
  return std::make_unique<Detector>(*std::move(spec), *memory, shared.metrics, shared.log.module("detection"));
}
}  // namespace heddle
