// WatchHub: brings every connected sidecar to the newest version of its scope. It follows the store's commits, owns the
// subscribers, beats their hearts and knows which version runs everywhere. A sidecar that comes back with the content
// it should hold gets no resync; one whose old version the log remembers gets a delta; any other a snapshot.
// No sockets here: the watch server calls in with messages and hands lines out (SubscriberSink). Control loop.
#pragma once
#include <functional>
#include <list>

#include "control/plan/staged_views.h"
#include "control/store/store.h"
#include "control/translate/address_index.h"
#include "control/translate/scope_cache.h"
#include "control/watch/ahead_streams.h"
#include "control/watch/beat_slots.h"
#include "control/watch/debounce.h"
#include "control/watch/facts_fetcher.h"
#include "control/watch/first_batches.h"
#include "control/watch/mesh_standing.h"
#include "control/watch/pass_order.h"
#include "control/watch/rebalance.h"
#include "control/watch/releases.h"
#include "control/watch/stream_age.h"
#include "control/watch/subscriber.h"
#include "lib/base/operation.h"

namespace heddle {
// A connected sidecar that runs less than was waited for, and why.
struct WatchLaggard {
  NodeKey key;
  NodeState state = NodeState::kSyncing;
  std::optional<Version> runs{};
  std::optional<Duration> unanswered{};  // for so long it has not answered what it was sent
  std::optional<WatchNack> nack{};       // while kRefused
  bool refused_before = false;           // kRefused, but of an older version than was waited for
  std::string replica{};                 // it is connected to; empty: this one
};

// Another control plane that keeps a version from being reached.
struct WatchReplicaLag {
  std::string name;
  size_t sidecars = 0;                // connected to it, as it said last
  std::optional<Duration> unheard{};  // for so long; nothing: it is heard, and its store is behind
  Version newest{};                   // of its store
};

struct WaitResult {
  enum class End : uint8_t {
    kReached,
    kTimeout,
    kRefused,  // a sidecar refused it: waiting helps no more
  } end = End::kTimeout;
  Version runs;  // the smallest version that a connected sidecar runs
  std::vector<WatchLaggard> behind;
  std::vector<WatchReplicaLag> replicas{};
  size_t sidecars = 0;  // connected, of all control planes
};

// Connected sidecars that should hold the same and hold the same.
struct HolderGroup {
  ScopeSet::Ptr target;
  ScopeSet::Ptr held;  // nullptr: nothing yet
  bool is_refused = false;
  size_t sidecars = 0;
  NodeKey example;  // one of them
};

class WatchHub {
 public:
  struct Options {
    Duration heartbeat = 5s;
    Debounce::Limits debounce{};           // of commits
    FirstBatches::Limits first_batches{};  // reliability A8: after a restart everybody comes at once
    Duration longest_stream = kLongestStream;
    // Of a pass over everybody in one turn of the loop: 0.1 s of lines, if all get some. Their answers wait for it, and
    // so the last line leaves earlier.
    size_t pass_slice = 4096;
    Rebalance::Limits rebalance{};
    // After its start nobody is released: those who use who leaves are still on their way back to this control plane.
    Duration release_after = 5s;
  };
  WatchHub(Store&, NodeRegistry&, Scheduler&, Random&, Options);
  ~WatchHub();
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  // Nothing is pushed before the sources of the store are known to be complete.
  void set_synced();
  // Tells everybody to go to another replica; the streams stay until they leave.
  void drain();

  // Whom it asks who gets something else than the newest version; must outlive the hub. Before the first add().
  void set_staged(const StagedViews* staged) { staged_ = staged; }
  // How old the store may be; nothing, as without this: never. One that may be old takes no sidecar back in versions
  // (AheadStreams). Before the first add().
  void set_health(std::function<std::optional<JournalHealth>()> health) { health_ = std::move(health); }
  // Called in a pass over many subscribers after each: lets what was written so far leave, before the next are asked
  // and before their answers are read. It may add and remove subscribers. Before the first add().
  void set_flush(std::function<void()> flush) { flush_ = std::move(flush); }
  // Who gets what, or what they get, has changed. The sidecars are told soon, not from inside; but whatever is sent
  // from now on, also before that, is what they should hold now.
  void on_staged_changed();

  // To everybody who is or comes; who comes while the store may be old is told when it is current: another control
  // plane may have told him of newer roots.
  void announce(const WatchTrust&);

  // A new stream; nullptr when there are too many at once: the sink was told when to come back, and closed.
  Subscriber* add(SubscriberSink&, WatchPeer);
  // The stream is gone. The subscriber must not be used after it; no line follows.
  void remove(Subscriber&);
  void on_message(Subscriber&, const SidecarMessage&);
  void on_writable(Subscriber&);

  // The registry heard something of other replicas: whoever waits may be answered.
  void on_replicas_changed() {
    check_waiters();
    tell_releases();
  }

  // These count the sidecars of all replicas. A version is reached where each of the others said that it has it, and is
  // heard; a sidecar of another one refuses as one of ours does.
  // The smallest version that a connected sidecar runs; the store's when nobody is connected.
  Version min_runs() const { return standing().runs(); }
  bool is_reached(Version version) const { return standing().is_reached(version); }
  MeshStanding standing() const;
  // Calls once: when every connected sidecar of the mesh runs `version` or a later one, when one refused it, or after
  // `timeout`. Never from inside.
  [[nodiscard]] Pending wait(Version version, Duration timeout, UniqueFunction<void(WaitResult)>);
  // What connected sidecars remember of their requests. Who may ask is for the caller to decide.
  [[nodiscard]] Pending fetch_facts(FactsQuery query, FactsFetcher::Done done) {
    return facts_.fetch(std::move(query), std::move(done));
  }
  // Streams that were asked to come anew, ever.
  struct SentAway {
    uint64_t age = 0;
    uint64_t imbalance = 0;
    uint64_t behind = 0;  // they hold what this store does not have, and may be old
  };
  const SentAway& sent_away() const noexcept { return sent_away_; }
  const FirstBatches& first_batches() const noexcept { return first_batches_; }
  Version newest() const { return store_.version(); }
  size_t size() const noexcept { return subscribers_.size(); }  // of this replica
  // As many groups as there are different scopes under way, not as there are sidecars.
  std::vector<HolderGroup> holders() const;
  // f(const Subscriber&) for everybody who said hello and is still there.
  template <class F>
  void for_each_subscriber(F&& f) const {
    for (const auto& [id, subscriber] : subscribers_) {
      if (subscriber->is_greeted() && !subscriber->is_closed()) f(*subscriber);
    }
  }

 private:
  static constexpr size_t kFewSubscribers = 64;
  static constexpr Duration kCheckEvery = 10ms;
  class Waiter;
  void on_hello(Subscriber&, const WatchHello&);
  void close_older(const Subscriber& newer);
  void greet(Subscriber&, const WatchHello&);
  bool is_stale() const;
  void tell_trust(Subscriber&);
  void tell_untold();
  void look_ahead();
  void serve_ahead(Subscriber&, const WatchHello&);
  Result<void> dispatch(Subscriber&, const SidecarMessage&);
  std::optional<Subscriber::Held> find_held(Subscriber&, const WatchHello&);
  NodeView target_of(Subscriber&);
  bool is_affected(const Subscriber&);
  void pump(Subscriber&);
  void answer_addresses(Subscriber&);
  void on_commit();
  void pump_all(std::span<const uint64_t> first = {});
  void pump_some();
  std::vector<uint64_t> concerned_since(const View& before) const;
  void push_newest();
  void use_newest();
  void begin_waiting();
  void beat(Subscriber&);
  void on_heartbeat();
  void rebalance();
  void schedule(Duration);
  void report(const Subscriber&);
  void check_waiters();
  bool is_time_to_check();
  WaitResult wait_result(Version, const MeshStanding&) const;
  void begin_release(Subscriber&, const WatchDraining&);
  void tell_releases();
  std::optional<size_t> users_elsewhere(Version gone, AddressUse&);
  bool may_use(const NodeStatus&, Version gone, AddressUse&);
  WatchLaggard laggard_of(const Subscriber&, Version) const;
  void note_replicas(MeshStanding&) const;
  void add_replicas(WaitResult&, Version) const;

  Store& store_;
  NodeRegistry& registry_;
  Scheduler& scheduler_;
  Random& random_;
  Options options_;
  Debounce debounce_;
  FirstBatches first_batches_;
  BeatSlots beats_;
  BeatPause beat_pause_;
  Rebalance rebalance_;
  View target_;  // what everybody shall hold: the store's newest, but for what is debounced
  ScopeCache scopes_;
  const StagedViews* staged_ = nullptr;
  std::optional<View> staged_target_;  // what the cohort of a rollout shall hold
  ScopeCache staged_scopes_;           // of it; its version is that of target_. Empty where nothing was staged
  AddressIndex addresses_;             // of target_
  BatchCache batches_;
  std::map<uint64_t, std::unique_ptr<Subscriber>> subscribers_;
  BeatRing<Subscriber> ring_;  // of them
  SentAway sent_away_;
  std::map<uint64_t, WatchHello> early_;  // came before set_synced()
  std::function<std::optional<JournalHealth>()> health_;
  AheadStreams ahead_;
  std::set<uint64_t> untold_;  // came while the store, and so the trust we know, may be old
  std::list<Waiter*> waiters_;
  FactsFetcher facts_;
  Releases releases_;
  std::optional<MonoTime> released_from_;  // nothing: not synced
  MonoTime looked_elsewhere_;
  uint64_t next_id_ = 1;
  std::shared_ptr<const std::string> trust_;  // the line
  bool synced_ = false;
  bool draining_ = false;
  std::optional<MonoTime> pump_at_;
  std::unique_ptr<Timer> pump_timer_;      // after a refusal
  std::unique_ptr<Timer> debounce_timer_;  // after commits
  std::unique_ptr<Timer> staged_timer_;    // after on_staged_changed(): no commit delays that
  std::unique_ptr<Timer> first_timer_;
  std::unique_ptr<Timer> pass_timer_;
  std::unique_ptr<Timer> ahead_timer_;
  std::unique_ptr<Timer> release_timer_;
  PassOrder order_;
  std::function<void()> flush_;
  bool is_passing_ = false;
  MonoTime checked_;  // when the waiters were looked at last
  bool is_check_due_ = false;
  std::unique_ptr<Timer> check_timer_;
  std::unique_ptr<Timer> heartbeat_timer_;
  StoreSubscription commits_;
};
}  // namespace heddle
