// What is put into a pod: the sidecar, the step that redirects its connections, their volumes. Pure; every value that a
// user can set comes checked in PodOptions.
#pragma once
#include "lib/inject/pod_options.h"

namespace heddle {
inline constexpr std::string_view kProxyName = "heddle-proxy";
inline constexpr std::string_view kInitName = "heddle-init";
inline constexpr uint16_t kInboundPort = 15006;
inline constexpr uint16_t kOutboundPort = 15001;

struct PodSidecar {
  const InjectSettings& settings;
  const PodOptions& options;
  std::string inbound_ports;  // of the application's containers, "8080,9090"
  JsonValue probes;           // originals of rewritten probes; empty: none
};

JsonValue proxy_container(const PodSidecar&);
JsonValue init_container(const PodSidecar&);
std::vector<JsonValue> sidecar_volumes(const PodSidecar&);
bool is_our_volume(std::string_view name) noexcept;
}  // namespace heddle
