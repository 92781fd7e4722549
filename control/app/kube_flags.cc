#include "control/app/kube_flags.h"

#include <CLI/CLI.hpp>

#include "lib/base/strings.h"

namespace heddle {
namespace {
Error refuse(std::string text) { return make_error(Reason::kBadRequest, std::move(text)); }
}  // namespace

std::string_view to_text(SourceKind kind) noexcept { return kind == SourceKind::kApi ? "api" : "kubernetes"; }

void declare_source(CLI::App& app, SourceWords& words, SourceOptions& options) {
  auto add = [&app](const char* flag, auto& value, const char* type, const char* environment, const char* help) {
    return app.add_option(flag, value, help)->type_name(type)->envname(environment);
  };
  add("--source", words.kind, "KIND", "HEDDLE_CONTROL_SOURCE",
      "what the mesh is: api (what is applied) or kubernetes (what the cluster says; applying is refused)")
      ->capture_default_str();
  add("--kubeconfig", options.kube.kubeconfig, "FILE", "HEDDLE_CONTROL_KUBECONFIG",
      "how the API server is reached, and who we are to it (default: as the pod we run in)");
  add("--kube-context", options.kube.context, "NAME", "HEDDLE_CONTROL_KUBE_CONTEXT",
      "context of the kubeconfig (default: its current one)");
  add("--kube-api-url", options.kube.api_url, "URL", "HEDDLE_CONTROL_KUBE_API_URL",
      "plain address of a proxy that knows who we are, as http://127.0.0.1:8001 (kubectl proxy)");
}

Result<void> read_source(const SourceWords& words, SourceOptions& out) {
  if (words.kind != "api" && words.kind != "kubernetes") {
    return refuse(str_cat("--source ", quoted(std::string_view(words.kind)), ": expected api or kubernetes"));
  }
  out.kind = words.kind == "kubernetes" ? SourceKind::kKubernetes : SourceKind::kApi;
  const KubeLocation& kube = out.kube;
  std::string_view of_cluster = !kube.kubeconfig.empty() ? "--kubeconfig"
                                : !kube.context.empty()  ? "--kube-context"
                                : !kube.api_url.empty()  ? "--kube-api-url"
                                                         : "";
  if (out.kind == SourceKind::kApi && !of_cluster.empty()) {
    return refuse(str_cat(of_cluster, " is of no use without --source kubernetes"));
  }
  if (!kube.kubeconfig.empty() && !kube.api_url.empty()) {
    return refuse("--kubeconfig and --kube-api-url: give one of them");
  }
  if (!kube.context.empty() && kube.kubeconfig.empty()) return refuse("--kube-context: --kubeconfig is missing");
  return {};
}
}  // namespace heddle
