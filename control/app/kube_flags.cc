#include "control/app/kube_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kSourceWords[] = {"api", "kubernetes", "docker"};

Error refuse(std::string text) { return make_error(Reason::kBadRequest, std::move(text)); }

Result<void> read_docker(const SourceWords& words, SourceOptions& out) {
  if (out.kind != SourceKind::kDocker) {
    return words.docker_host.empty() ? Result<void>() : refuse("--docker-host is of no use without --source docker");
  }
  Result<DockerHost> host = parse_docker_host(words.docker_host.empty() ? kDefaultDockerHost : words.docker_host);
  if (!host) return refuse(str_cat("--docker-host ", host.error().detail));
  out.docker = *std::move(host);
  return {};
}
}  // namespace

std::string_view to_text(SourceKind kind) noexcept { return kSourceWords[static_cast<size_t>(kind)]; }

void declare_source(CLI::App& app, SourceWords& words, SourceOptions& options) {
  auto add = [&app](const char* flag, auto& value, const char* type, const char* environment, const char* help) {
    return app.add_option(flag, value, help)->type_name(type)->envname(environment);
  };
  add("--source", words.kind, "KIND", "HEDDLE_CONTROL_SOURCE",
      "what the mesh is: api (what is applied), kubernetes (what the cluster says; applying is refused) or docker "
      "(what labels of "
      "containers say; applying is refused)")
      ->capture_default_str();
  add("--kubeconfig", options.kube.kubeconfig, "FILE", "HEDDLE_CONTROL_KUBECONFIG",
      "how the API server is reached, and who we are to it (default: as the pod we run in)");
  add("--kube-context", options.kube.context, "NAME", "HEDDLE_CONTROL_KUBE_CONTEXT",
      "context of the kubeconfig (default: its current one)");
  add("--kube-api-url", options.kube.api_url, "URL", "HEDDLE_CONTROL_KUBE_API_URL",
      "plain address of a proxy that knows who we are, as http://127.0.0.1:8001 (kubectl proxy)");
  add("--docker-host", words.docker_host, "URL", "HEDDLE_CONTROL_DOCKER_HOST",
      "the Docker Engine's API, read only: unix:///path or tcp://host:port (default: unix:///var/run/docker.sock)");
}

Result<void> read_source(const SourceWords& words, SourceOptions& out) {
  const auto* kind = std::find(std::begin(kSourceWords), std::end(kSourceWords), words.kind);
  if (kind == std::end(kSourceWords)) {
    return refuse(str_cat("--source ", in_quotes(words.kind), ": expected api, kubernetes or docker"));
  }
  out.kind = static_cast<SourceKind>(kind - std::begin(kSourceWords));
  HEDDLE_CHECK_OK(read_docker(words, out));
  const KubeLocation& kube = out.kube;
  std::string_view of_cluster = !kube.kubeconfig.empty() ? "--kubeconfig"
                                : !kube.context.empty()  ? "--kube-context"
                                : !kube.api_url.empty()  ? "--kube-api-url"
                                                         : "";
  if (out.kind != SourceKind::kKubernetes && !of_cluster.empty()) {
    return refuse(str_cat(of_cluster, " is of no use without --source kubernetes"));
  }
  if (!kube.kubeconfig.empty() && !kube.api_url.empty()) {
    return refuse("--kubeconfig and --kube-api-url: give one of them");
  }
  if (!kube.context.empty() && kube.kubeconfig.empty()) return refuse("--kube-context: --kubeconfig is missing");
  return {};
}
}  // namespace heddle
