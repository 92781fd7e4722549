// WebhookPart: injection for a control plane whose source is a cluster: answers what the API server asks at the webhook
// endpoint (Serving), and keeps the caBundle by which the API server verifies that endpoint. Anybody may ask: an answer
// tells nothing but what was sent and how sidecars look. Owned by ClusterPart; control loop; the server forgets the
// route before it dies.
#pragma once
#include <array>

#include "control/app/webhook_flags.h"
#include "control/inject/admission.h"
#include "control/source/ca_bundle.h"
#include "lib/metrics/registry.h"
#include "lib/rpc/http_server.h"

namespace heddle {
// Whether that API server (GET /version) runs sidecars as init containers that go on: 1.29 and newer.
bool has_native_sidecars(const JsonValue& version);

class WebhookPart {
 public:
  static constexpr std::string_view kPath = "/inject";
  static constexpr Duration kAskAgain = 5s;  // for the version
  struct Parts {
    HttpServer& server;
    const WebhookOptions& options;
    std::string trust_domain;
    KubeClient& client;
    Random& random;
    Registry& metrics;
    FindNamespace find_namespace;
    std::function<std::string()> roots;  // PEM
    Logger log;
  };
  explicit WebhookPart(Parts);
  void on_roots_changed() { bundle_.look(); }

 private:
  RpcResponse answer(const RpcRequest&);
  void ask_version();
  void on_version(const KubeAnswer&);
  Parts parts_;
  InjectSettings settings_;
  bool knows_native_;
  CaBundleKeeper bundle_;
  std::array<Counter, 6> results_;  // by InjectResult
  Counter malformed_;
  std::unique_ptr<Timer> version_timer_;
  Pending asking_;
};
std::span<const MetricFamily* const> webhook_metric_families() noexcept;
}  // namespace heddle
