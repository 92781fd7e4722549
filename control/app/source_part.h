// SourcePart: what a control plane has whose mesh is not what people apply, but what a cluster or an engine says.
// Owned by the server; control loop. Destroyed before the connections that it opened are ended.
#pragma once
#include "control/api/api_server.h"
#include "control/app/kube_flags.h"
#include "control/app/pod_token_reviewer.h"
#include "control/app/webhook_flags.h"
#include "control/store/store.h"
#include "lib/base/log.h"
#include "lib/metrics/registry.h"
#include "lib/rpc/http_client.h"

namespace heddle {
class SourcePart {
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
    // Of a cluster alone.
    ApiServer& api;  // knows what is live where
    Registry& metrics;
    std::function<std::string()> roots;  // PEM: what sidecars trust
    const WebhookOptions& webhook;
    HttpServer* webhook_server = nullptr;  // null: there is no webhook
  };
  // Of the kind that the options say; never kApi. Changes of anybody else are refused from now on.
  static Result<std::unique_ptr<SourcePart>> open(Parts);
  virtual ~SourcePart() = default;
  // What every control plane does that has this source.
  virtual void start() {}
  // To read it, and to give the mesh its versions: of several control planes one does.
  virtual void read() = 0;
  virtual void stop_reading() = 0;
  // For /readyz; empty: it is there.
  virtual std::string remark() const = 0;
  virtual void on_roots_changed() {}
  // Null: no pod is attested by its token.
  virtual PodReviews* pods() noexcept { return nullptr; }
};
}  // namespace heddle
