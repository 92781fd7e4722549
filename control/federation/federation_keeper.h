// FederationKeeper: keeps the bundles of federated trust domains: follows the resources, asks endpoints when they are
// due (at most kMaxAtOnce at a time), keeps good answers on disk and says what changed. A file that could not be
// removed is removed at the next look. Decides nothing itself (FederatedBundles, FetchSchedule). What fails is said in
// the log, once for each new cause, and by status and metrics. Control loop; timer and tokens die with it.
#pragma once
#include <deque>
#include <set>

#include "control/federation/bundle_fetcher.h"
#include "control/federation/federated_files.h"
#include "control/federation/fetch_schedule.h"
#include "control/store/store.h"
#include "lib/base/log.h"

namespace heddle {
class FederationKeeper {
 public:
  static constexpr Duration kEvery = 1s;
  static constexpr size_t kMaxAtOnce = 4;
  struct Parts {
    Scheduler& scheduler;
    Random& random;
    Store& store;
    BundleFetcher& fetcher;
    TrustDomain own;
    std::function<DomainRoots::Ptr()> own_roots;               // as sidecars are told now
    std::function<Pending(Task work, Task done)> run_offload;  // disk
    std::string directory;
    Logger log;
  };
  explicit FederationKeeper(Parts);

  // Reads the disk (blocking) and the resources; from then on follows them. Asks nobody yet.
  Result<void> open();
  void start() { timer_->arm(Duration{}); }
  // Asks nobody any more, and whom it asked is not waited for.
  void stop();
  // Called from the loop when what sidecars must trust has changed, never inside open().
  void set_on_trust(UniqueFunction<void()> call) { on_trust_ = std::move(call); }
  // The same for the list of domains.
  void set_on_domains(UniqueFunction<void()> call) { on_domains_ = std::move(call); }

  const FederatedBundles& bundles() const noexcept { return bundles_; }
  // When its endpoint is asked next; nothing: it has none.
  std::optional<WallTime> next_of(std::string_view domain) const;

 private:
  struct Endpoint {
    FetchSchedule schedule;
    Pending fetch;  // while it is being asked
  };
  FederatedBundles::Changes read_resources();
  void follow();
  void tell(const std::string& digest_before);
  void turn();
  void ask(const std::string& name, Endpoint&);
  DomainRoots::Ptr roots_for(const FederationEndpoint&) const;
  void on_fetched(const std::string& name, Result<FederatedBundle>);
  size_t asking() const;
  // A file's change, off the loop.
  struct Job {
    std::string domain;
    bool is_removal = false;
    std::function<Result<void>()> work;
  };
  void forget_kept(const std::string& domain);
  void forget_again();
  void on_disk(Job);
  void next_job();
  void on_written(const Job&, const Result<void>&);

  Parts parts_;
  FederatedBundles bundles_;
  SpecMap<FederatedTrustDomainSpec> specs_;  // as the resources were when they were read last
  std::map<std::string, Endpoint, std::less<>> endpoints_;
  std::deque<Job> jobs_;         // one after the other: the newest file wins
  std::set<std::string> stale_;  // whose file is still there and must not: a restart would believe it
  Pending job_;
  bool is_writing_ = false;
  std::unique_ptr<Timer> timer_;
  StoreSubscription commits_;
  UniqueFunction<void()> on_trust_;
  UniqueFunction<void()> on_domains_;
};
}  // namespace heddle
