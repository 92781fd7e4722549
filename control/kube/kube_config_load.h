// load_kube_config(): the KubeConfig of this process: the address it was given, or the kubeconfig, or the pod it runs
// in. Reads the kubeconfig and the pod's namespace; blocking, at the start.
#pragma once
#include <functional>

#include "control/kube/kube_config.h"

namespace heddle {
struct KubeLocation {
  std::string api_url;     // --kube-api-url
  std::string kubeconfig;  // --kubeconfig; at most one of both, and neither: the pod
  std::string context;     // --kube-context, of the kubeconfig
  std::string account_folder = std::string(InClusterInput::kServiceAccountFolder);
};
// `environment`: the value of a variable, empty where there is none. kConfigInvalid and what reading files says.
Result<KubeConfig> load_kube_config(const KubeLocation&,
                                    const std::function<std::string(std::string_view)>& environment);
}  // namespace heddle
