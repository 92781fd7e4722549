// KubeConfig: where the Kubernetes API server is and who we are to it: from a pod's environment, from a kubeconfig, or
// the plain address of a `kubectl proxy`. Pure values; parsing opens no file and resolves no name. Errors name the file
// and the field, and whatever would be a different connection than the file asks for is refused: exec and
// auth-provider plugins, proxies, impersonation, passwords, and insecure-skip-tls-verify.
#pragma once
#include <string>

#include "lib/base/result.h"
#include "lib/rpc/http_channel.h"

namespace heddle {
// The text of a `-data` field, or a file that is read when it is needed, since it may change.
struct KubePem {
  std::string file{};  // as given; empty: `data` counts
  std::string data{};  // PEM
  bool empty() const noexcept { return file.empty() && data.empty(); }
};

struct KubeConfig {
  HttpTarget server;
  std::string base_path{};    // "/k8s/clusters/a", without a slash at its end; before every path
  std::string server_name{};  // verified instead of the host; empty: the host
  KubePem ca{};               // empty: the system's
  KubePem certificate{};      // of ours; both or none
  KubePem key{};
  std::string token{};
  std::string token_file{};      // wins over `token`
  std::string namespace_name{};  // our own, or the context's; never empty
};

// Of the environment and the folder of a pod's service account.
struct InClusterInput {
  std::string host;            // KUBERNETES_SERVICE_HOST; IPv6 with or without brackets
  std::string port;            // KUBERNETES_SERVICE_PORT
  std::string namespace_text;  // the content of <folder>/namespace
  std::string folder = std::string(kServiceAccountFolder);
  static constexpr std::string_view kServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
};
Result<KubeConfig> in_cluster_config(const InClusterInput&);

// `text` is YAML or JSON, `file` its path: what it names relatively is beside it. `context` empty: current-context.
Result<KubeConfig> parse_kubeconfig(std::string_view text, const std::string& file, std::string_view context = {});

// --kube-api-url: "http://127.0.0.1:8001", a proxy that knows who we are; no credentials are sent.
Result<KubeConfig> plain_kube_config(std::string_view url);

// "https://host[:port][/path]" or http; for both of the above. kConfigInvalid without the place.
Result<void> read_kube_server(std::string_view url, KubeConfig& into);
}  // namespace heddle
