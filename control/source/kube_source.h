// KubeSource: the cluster as the source of the mesh: watches its objects, translates them after a debounce, commits
// what has changed as one transaction. Nothing is committed before every kind that is served was listed: "no endpoints"
// is never "not heard yet". Kinds that are not served now (CRDs that come later) are looked for again. While the API
// server is away the last state stands. Control loop; must outlive nothing.
#pragma once
#include "control/cluster/cluster_transaction.h"
#include "control/kube/kube_discovery.h"
#include "control/kube/kube_watch.h"
#include "control/store/store.h"
#include "control/watch/debounce.h"
#include "lib/base/log.h"

namespace heddle {
class KubeSource {
 public:
  static constexpr Duration kDiscoverAgain = 30s;
  static constexpr std::string_view kAuthor = "kubernetes";
  struct Parts {
    KubeClient& client;
    Store& store;
    Loop& loop;
    Random& random;
    ClusterSettings settings;
    std::function<Result<void>(const View&)> judge;  // the whole, as for every change
    Task on_synced;                                  // once: the first transaction is in the store
    Logger log;
    Debounce::Limits debounce{};
  };
  explicit KubeSource(Parts);
  ~KubeSource();
  void start();

  bool is_synced() const noexcept { return is_synced_; }
  // What it waits for, in words, for /readyz; empty: nothing.
  std::string waits_for() const;
  // Of the last translation.
  const ClusterProblems& problems() const noexcept { return problems_; }

 private:
  class Feed;
  void discover();
  void follow(const KubeServed&);
  void feed(const KubeResource&, std::variant<ClusterKind, Kind>);
  void on_feed_synced();
  void changed();
  void act();
  void commit(ClusterChange);
  void on_committed(const ClusterChange&, const Result<Commit>&);
  void tell(const ClusterProblems&);

  Parts parts_;
  KubeDiscovery discovery_;
  ClusterObjects objects_;
  ClusterTransaction transaction_;
  ClusterProblems problems_;
  Debounce debounce_;
  std::map<std::string, std::unique_ptr<Feed>> feeds_;  // by path
  std::unique_ptr<Timer> discover_timer_;
  std::unique_ptr<Timer> act_timer_;
  Pending discovering_;
  Pending committing_;
  std::optional<Error> trouble_;  // of discovery
  bool is_discovered_ = false;
  bool is_synced_ = false;
  bool is_dirty_ = false;  // something changed while a transaction was under way
};
}  // namespace heddle
