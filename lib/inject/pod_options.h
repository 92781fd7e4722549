// What is asked for one pod's sidecar: settings of the mesh, overruled by annotations of its namespace, overruled by
// its own. Pure. Strict: a wrong value refuses the pod and names the annotation; an annotation of ours that nobody
// knows is a warning, because it may be of a newer version.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/json.h"

namespace heddle {
inline constexpr std::string_view kInjectPrefix = "heddle.dev/";
inline constexpr uint32_t kProxyUid = 2102;

// Of the mesh; the command line and the webhook make it of their options.
struct InjectSettings {
  std::string image;  // of proxy and init step
  std::string trust_domain = "cluster.local";
  std::string control = "heddle-control.heddle-system.svc:15010";
  std::string audience = "heddle.dev/identity";
  std::string root_config_map = "heddle-root";  // has root.pem; in the pod's own namespace
  bool native_sidecar = true;                   // nodes know them from Kubernetes 1.29 on
};

enum class InjectMode : uint8_t { kIntercept, kExplicit };

struct PodOptions {
  std::string image;
  bool native_sidecar = true;
  InjectMode mode = InjectMode::kIntercept;
  std::string inbound_tls = "permissive";  // strict, permissive
  std::string log_level = "info";
  std::string cpu_request = "10m", cpu_limit, memory_request = "32Mi", memory_limit = "256Mi";
  std::string skip_inbound_ports, skip_outbound_ports, skip_subnets, opaque_ports;  // as written, checked
  Duration drain =
      25s;  // at most so long does a leaving pod wait for those that know it, and after that for what is open
};

struct OptionsRead {
  PodOptions options;
  std::vector<std::string> problems;  // the pod is refused
  std::vector<std::string> warnings;
};
// `ns`, `pod`: their `metadata.annotations`; null: none.
OptionsRead read_pod_options(const InjectSettings&, const JsonValue& ns, const JsonValue& pod);

// "80,443,8000-8010"; the numbers of ports or ranges.
bool is_port_list(std::string_view) noexcept;
}  // namespace heddle
