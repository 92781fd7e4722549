// ClusterPart: what a control plane has when a Kubernetes cluster is its source: the API server's client, reviews of
// pods' tokens, the roots in namespaces with sidecars, the webhook if it is asked for; and, while it reads the cluster,
// KubeSource and what of it is written back (StatusWriter). Owned by the server; control loop. Destroyed before the
// connections that it opened are ended.
#pragma once
#include "control/app/cluster_metrics.h"
#include "control/app/source_part.h"
#include "control/app/webhook_part.h"
#include "control/source/namespace_book.h"
#include "control/source/root_publisher.h"
#include "control/source/status_writer.h"

namespace heddle {
class ClusterPart final : public SourcePart {
 public:
  // Reads the kubeconfig, or what a pod has. Changes of anybody else are refused from now on.
  static Result<std::unique_ptr<ClusterPart>> create(Parts);
  void start() override { roots_.start(); }
  void read() override;
  void stop_reading() override { reading_.reset(); }
  std::string remark() const override;
  void on_roots_changed() override;
  PodReviews* pods() noexcept override { return &pods_; }

  class Access {
    friend class ClusterPart;
    Access() = default;
  };
  ClusterPart(Access, Parts, KubeConfig);

 private:
  // Of several control planes one does.
  struct Reading {
    explicit Reading(ClusterPart&);
    KubeSource source;
    StatusWriter writer;
    ClusterMetrics metrics;
  };
  struct Injecting {
    explicit Injecting(ClusterPart&);
    NamespaceBook namespaces;
    WebhookPart webhook;
  };
  Parts parts_;
  KubeClient client_;
  PodTokenReviewer reviewer_;
  PodReviews pods_;
  RootPublisher roots_;
  std::unique_ptr<Injecting> injecting_;  // null: there is no webhook
  std::unique_ptr<Reading> reading_;
};
}  // namespace heddle
