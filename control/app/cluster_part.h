// ClusterPart: what a control plane has when a Kubernetes cluster is its source: the API server's client and
// KubeSource. Owned by the server; control loop. Destroyed before the connections that it opened are ended.
#pragma once
#include "control/app/kube_flags.h"
#include "control/source/kube_source.h"

namespace heddle {
class ClusterPart {
 public:
  struct Parts {
    const SourceOptions& options;
    std::string trust_domain;
    Loop& loop;
    SessionContext context;  // its registry ends the connections
    Protocols& protocols;
    Connector& tcp;
    Random& random;
    Store& store;
    std::function<Result<void>(const View&)> judge;
    Task on_synced;
    Logger log;
  };
  // Reads the kubeconfig, or what a pod has. Changes of anybody else are refused from now on.
  static Result<std::unique_ptr<ClusterPart>> create(Parts);
  void start() { source_.start(); }
  // For /readyz; empty: it is there.
  std::string remark() const;

  class Access {
    friend class ClusterPart;
    Access() = default;
  };
  ClusterPart(Access, Parts, KubeConfig);

 private:
  KubeClient client_;
  KubeSource source_;
};
}  // namespace heddle
