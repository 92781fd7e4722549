// Kubelet's probes of an application, as they are when its inbound port asks for mutual TLS: Kubelet has no
// certificate, so it asks the sidecar, which asks the application and answers what that said. Pure.
#pragma once
#include <optional>
#include <vector>

#include "lib/base/json.h"

namespace heddle {
inline constexpr uint16_t kHealthPort = 15020;
inline constexpr std::string_view kProbePath = "/app-health/";

// The containers with every httpGet, tcpSocket and grpc probe turned to the sidecar; `originals` tells it what to ask:
// an object "<container>/<readyz|livez|startupz>" -> the probe as it was, with ports as numbers. Exec probes stay.
struct RewrittenProbes {
  JsonValue containers;  // an array
  JsonValue originals;   // an object; empty: there was nothing to rewrite
  std::vector<std::string> problems;
};
RewrittenProbes rewrite_probes(const JsonValue& containers);
// The way back.
JsonValue restore_probes(const JsonValue& containers, const JsonValue& originals);
}  // namespace heddle
