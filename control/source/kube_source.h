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
  class Observer {
   public:
    // The watch told of a resource of a kind of ours: it is new, changed or gone.
    virtual void on_object(const ResourceKey&) = 0;
    // What there is was translated, and is in the store.
    virtual void on_current() = 0;

   protected:
    ~Observer() = default;
  };
  explicit KubeSource(Parts);
  ~KubeSource();
  // Before start(); it must outlive the source.
  void set_observer(Observer* observer) noexcept { observer_ = observer; }
  void start();

  bool is_synced() const noexcept { return is_synced_; }
  // What it waits for, in words, for /readyz; empty: nothing.
  std::string waits_for() const;
  // The store has what the objects say: nothing that came since is waiting, nothing is under way.
  bool is_current() const noexcept { return is_synced_ && is_committed_ && committing_ == nullptr; }
  const ClusterObjects& objects() const noexcept { return objects_; }
  // Where the objects of a kind of ours are; nothing: the cluster does not serve it.
  std::optional<KubeResource> resource_of(Kind) const;
  uint64_t relists() const;
  // The API server, on the watch that was silent for longest; nothing: no watch has heard it.
  std::optional<MonoTime> heard_at() const;
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
  void on_object(const ResourceKey&);
  void on_current();

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
  bool is_committed_ = false;  // what the objects say now
  Observer* observer_ = nullptr;
  bool is_dirty_ = false;  // something changed while a transaction was under way
};
}  // namespace heddle
