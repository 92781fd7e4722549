// RootPublisher: keeps the ConfigMap heddle-root, with the roots that sidecars trust, in the namespaces of pods with
// sidecars (RootTargets). Written by server-side apply, one at a time; what somebody changes is set right again. One
// that cannot be written is tried again after kAgain, and the others are not held up. Roots are looked at every kLook:
// in a rotation old and new overlap for longer. A namespace that no longer asks keeps its ConfigMap: pods may still
// run. Several control planes write the same. Control loop.
#pragma once
#include "control/kube/kube_watch.h"
#include "control/source/root_targets.h"
#include "lib/base/log.h"

namespace heddle {
class RootPublisher {
 public:
  static constexpr Duration kLook = 5s;
  static constexpr Duration kAgain = 5s;
  struct Parts {
    KubeClient& client;
    Random& random;
    std::function<std::string()> roots;  // PEM
    Logger log;
  };
  explicit RootPublisher(Parts);
  ~RootPublisher();
  void start();

 private:
  enum class What : uint8_t { kNamespace, kPod, kConfigMap };
  class Feed;
  void look();
  void work();
  void on_answer(const std::string& ns, const std::string& roots, const KubeAnswer&);
  bool is_synced() const;

  Parts parts_;
  RootTargets targets_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  std::unique_ptr<Timer> look_timer_;
  Pending writing_;
  bool is_writing_ = false;
};
}  // namespace heddle
