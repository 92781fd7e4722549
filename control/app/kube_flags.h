// The flags of the source: whether the mesh is what people apply, what a Kubernetes cluster says, or what the labels of
// Docker containers say; and how its API server or engine is reached. Plain values; no file is read. Wrong ones are
// refused with the flag's name and what was expected.
#pragma once
#include "control/docker/docker_host.h"
#include "control/kube/kube_config_load.h"

namespace CLI {
class App;
}

namespace heddle {
enum class SourceKind : uint8_t { kApi, kKubernetes, kDocker };
std::string_view to_text(SourceKind) noexcept;  // "api", "kubernetes", "docker"

struct SourceOptions {
  SourceKind kind = SourceKind::kApi;
  KubeLocation kube;  // with kubernetes only
  DockerHost docker;  // with docker only
};

struct SourceWords {
  std::string kind = "api";
  std::string docker_host;  // empty: the usual one
};
void declare_source(CLI::App&, SourceWords&, SourceOptions&);
Result<void> read_source(const SourceWords&, SourceOptions&);
}  // namespace heddle
