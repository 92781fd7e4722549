// The flags of the source: whether the mesh is what people apply, or what a Kubernetes cluster says; and how its API
// server is reached. Plain values; no file is read. Wrong ones are refused with the flag's name and what was expected.
#pragma once
#include "control/kube/kube_config_load.h"

namespace CLI {
class App;
}

namespace heddle {
enum class SourceKind : uint8_t { kApi, kKubernetes };
std::string_view to_text(SourceKind) noexcept;  // "api", "kubernetes"

struct SourceOptions {
  SourceKind kind = SourceKind::kApi;
  KubeLocation kube;  // with kubernetes only
};

struct SourceWords {
  std::string kind = "api";
};
void declare_source(CLI::App&, SourceWords&, SourceOptions&);
Result<void> read_source(const SourceWords&, SourceOptions&);
}  // namespace heddle
