// CaBundleKeeper: the API server asks our webhook only over TLS that it can verify: `caBundle` of every webhook of our
// MutatingWebhookConfiguration is what we say, from the moment the object is there, whoever applies it anew, and when
// roots change. Watches that one object and patches those fields alone, each on the condition that the webhook at its
// place still has its name. Several control planes write the same. Control loop.
#pragma once
#include "control/kube/kube_watch.h"
#include "lib/base/log.h"

namespace heddle {
// The JSON Patch that makes it so; empty: it is. Pure.
std::string ca_bundle_patch(const JsonValue& configuration, std::string_view roots_pem);

class CaBundleKeeper final : private KubeWatch::Observer {
 public:
  static constexpr Duration kAgain = 5s;  // after a patch that failed
  struct Parts {
    KubeClient& client;
    Random& random;
    std::string name;                    // of the configuration
    std::function<std::string()> roots;  // PEM, as they are now
    Logger log;
  };
  explicit CaBundleKeeper(Parts);
  // The roots are others now.
  void look();

 private:
  void on_synced(const std::vector<JsonValue>& objects) override;
  void on_put(const KubeKey&, const JsonValue& object) override;
  void on_delete(const KubeKey&) override;
  void on_patched(const KubeAnswer&);
  Parts parts_;
  std::optional<JsonValue> seen_;
  std::unique_ptr<Timer> again_;
  Pending patching_;
  bool is_patching_ = false;
  KubeWatch watch_;
};
}  // namespace heddle
