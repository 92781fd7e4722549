#include "control/kube/kube_config_load.h"

#include "control/kube/kube_limits.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxNamespaceFile = 1024;

Error invalid(std::string_view what) { return make_error(Reason::kConfigInvalid, std::string(what)); }

Result<std::string> read(const std::string& path, size_t max) {
  Result<std::string> text = read_file(path, max);
  if (!text) return std::move(text).error().within(path);
  return text;
}
}  // namespace

Result<KubeConfig> load_kube_config(const KubeLocation& where,
                                    const std::function<std::string(std::string_view)>& environment) {
  if (!where.api_url.empty() && !where.kubeconfig.empty()) {
    return invalid("--kube-api-url and --kubeconfig: expected one of them at most");
  }
  if (!where.context.empty() && where.kubeconfig.empty()) return invalid("--kube-context: needs --kubeconfig");
  if (!where.api_url.empty()) return plain_kube_config(where.api_url);
  if (!where.kubeconfig.empty()) {
    HEDDLE_TRY(std::string text, read(where.kubeconfig, kMaxKubeConfig));
    return parse_kubeconfig(text, where.kubeconfig, where.context);
  }
  InClusterInput pod;
  pod.folder = where.account_folder;
  pod.host = environment("KUBERNETES_SERVICE_HOST");
  pod.port = environment("KUBERNETES_SERVICE_PORT");
  bool is_pod = !pod.host.empty() && !pod.port.empty();
  if (is_pod) {
    HEDDLE_TRY(pod.namespace_text, read(str_cat(pod.folder, "/namespace"), kMaxNamespaceFile));
  }
  return in_cluster_config(pod);
}
}  // namespace heddle
