// WatchClient: configuration from the control plane (docs/watch-protocol.md). Idle -> Connecting -> Syncing -> Live,
// and Backoff from each of them. Resumes from the version it holds; applies whole batches whose content hash is the one
// announced, else asks for everything; acknowledges or refuses every version with all problems; starts from the last
// good snapshot on disk. Within an epoch it never goes back, unless every replica it reached was behind.
// Belongs to the main loop. It begins with the address that its name stands for. Silence for 15 s ends a stream; the
// next address follows (address_round.h): at once after a stream that was good, else after 1 s x 1.6, 20 %, cap 120 s.
#pragma once
#include <deque>
#include <functional>

#include "lib/api/traffic_counts.h"
#include "lib/base/log.h"
#include "proxy/watch/address_round.h"
#include "proxy/watch/address_wants.h"
#include "proxy/watch/config_source.h"
#include "proxy/watch/want_waiters.h"
#include "proxy/watch/wants.h"
#include "proxy/watch/watch_channel.h"
#include "proxy/watch/watch_rules.h"
#include "proxy/watch/watch_worker.h"

namespace heddle {
enum class AckWhen : uint8_t {
  kPublished,   // as soon as it is handed to the subscribers
  kWorkersRun,  // when workers_run() says so
};

struct WatchClientOptions {
  std::string node;                // at most kMaxNodeName
  std::string software;            // "heddle-proxy/0.1.0"
  std::vector<ResourceKey> wants;  // held from the start
  AckWhen ack = AckWhen::kPublished;
  std::string instance{};       // of this process, at most kMaxInstance; empty: none
  bool asks_addresses = false;  // want(Address) may be called
};

// What it works with; both must outlive it.
struct WatchParts {
  WatchChannel& channel;
  WatchWorker& worker;
};

class WatchClient final : public ConfigSource, private WatchChannel::Observer {
 public:
  static constexpr Duration kConnect = 20s;
  static constexpr Duration kMissedHeartbeats = 15s;
  static constexpr Duration kStable = 60s;  // live this long: the backoff begins anew
  static constexpr Duration kReportEvery = 5s;
  static constexpr Duration kStoreDelay = 200ms;  // several versions in a row are written once
  static constexpr size_t kMaxQueuedBytes = 2 * kMaxSnapshotBytes;
  static constexpr int kBackwardsLimit = 3;  // and as many as there are addresses

  WatchClient(Scheduler&, Random&, Logger, WatchParts, WatchClientOptions);
  ~WatchClient() override;
  void start() override;
  void reload() override;
  Latest<Snapshot>& snapshots() noexcept override { return snapshots_; }
  ConfigStatus status() const override;
  ConfigCounts counts() const noexcept override { return counts_; }

  // Answers when the snapshot holds the service. Main loop only; the token must die before the client.
  [[nodiscard]] Pending want(const ResourceKey& service, WantWaiters::OnWant);
  // Asks whose the address is, and for that service. Also kServiceUnknown: of nobody in the mesh that this sidecar may
  // see; kExternalDenied: the control plane is too old to say.
  [[nodiscard]] Pending want(const Address&, WantWaiters::OnWant);
  void drop(const ResourceKey& service);
  // What the control plane announces about trust; the bundle is not looked at here. Before start().
  void set_on_trust(UniqueFunction<void(const WatchTrust&)> on_trust) { on_trust_ = std::move(on_trust); }
  // Answers what the sidecar remembers, at most so many facts, once and later, from the main loop. Before start(); who
  // sets none has not the feature.
  using OnFacts = UniqueFunction<void(KeptFacts)>;
  void set_facts(UniqueFunction<void(size_t most, OnFacts)> facts) { facts_ = std::move(facts); }
  // All of this sidecar uses this: told to every control plane that asks, now and later.
  void report_trust(WatchTrustInUse);
  // What every report says of this process: counters (lib/api/traffic_counts.h) and backends; the rest of it is filled
  // in. Before start(); without it there are no reports.
  void set_report(std::function<WatchReport()> read);
  // Asks when nobody sends requests to these addresses any more, on this stream and on each that follows, until the
  // last answer has come. `on_release` gets each answer, from the main loop. The control plane may know nothing of it.
  using OnRelease = UniqueFunction<void(const WatchRelease&)>;
  void leave(WatchDraining, OnRelease on_release);
  // Since when a control plane has been asked on this stream; nothing: none is.
  std::optional<MonoTime> leave_asked_at() const noexcept { return leave_asked_at_; }
  // Every worker runs this version or a later one.
  void workers_run(Version);

 private:
  // WatchChannel::Observer
  void on_open() override;
  void on_line(std::string_view) override;
  void on_closed(const Error&) override;

  void connect();
  void end_stream(Duration wait);
  void fail(Reason, std::string detail);
  void send(const SidecarMessage&);
  void say_hello();
  void send_wants();
  bool is_greeted() const noexcept { return state_ == WatchState::kSyncing || state_ == WatchState::kLive; }
  void want_owner(const WatchAddresses::Owned&);

  void on_message(WatchBegin&&);
  void on_message(WatchPut&&);
  void on_message(WatchDelete&&);
  void on_message(WatchEnd&&);
  void on_message(WatchHeartbeat&&);
  void on_message(WatchRetryAfter&&);
  void on_message(WatchDrain&&);
  void on_message(WatchUnknown&&);
  void on_message(WatchAddresses&&);
  void on_message(WatchTrust&&);
  void on_message(WatchFactsRequest&&);
  void on_message(WatchRelease&&);
  void on_message(WatchIgnored&&) {}
  void say_leaving();
  void answer_facts(KeptFacts);

  bool keep_line(std::string_view);
  void on_backwards(const WatchBegin&);
  void count(BatchKind) noexcept;
  void apply_next();
  void on_applied(const WatchBegin&, AppliedBatch);
  void on_taken(const std::shared_ptr<const Snapshot>&);
  void on_refused(const WatchBegin&, std::vector<WatchNackError>);
  void ask_for_everything();
  void on_restored(Result<LastGood>);
  void store();
  void look_at_lag();
  void send_report();
  std::optional<Version> version() const;

  Scheduler& scheduler_;
  Random& random_;
  Logger log_;
  WatchChannel& channel_;
  WatchWorker& worker_;
  const WatchClientOptions options_;
  Latest<Snapshot> snapshots_;
  Wants wants_;
  AddressWants address_wants_;
  bool tells_addresses_ = false;  // the control plane of this stream
  WantWaiters waiters_;
  AddressRound round_;
  LagTracker lag_;
  WatchState state_ = WatchState::kIdle;
  MonoTime live_since_;
  std::optional<WatchBatch> batch_;  // being received
  bool skipping_ = false;            // a batch that nobody wants is being received
  std::deque<WatchBatch> queue_;
  size_t queued_bytes_ = 0;
  bool applying_ = false;
  bool resync_ = false;  // everything was or will be asked for
  int backwards_ = 0;
  bool from_disk_ = false;
  bool storing_ = false;
  std::optional<Version> ack_due_;
  std::optional<WatchHeartbeat> heartbeat_;
  std::optional<Duration> clock_ahead_;  // by the last one
  UniqueFunction<void(const WatchTrust&)> on_trust_;
  std::optional<WatchTrustInUse> trust_;  // in use
  bool asks_trust_ = false;               // the control plane of this stream
  UniqueFunction<void(size_t most, OnFacts)> facts_;
  std::optional<WatchFactsRequest> facts_asked_;  // on this stream, and not answered: the newest
  bool collecting_facts_ = false;
  std::optional<WatchDraining> leaving_;  // until the last answer
  MonoTime leave_by_;
  std::optional<MonoTime> leave_asked_at_;
  OnRelease on_release_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  std::function<WatchReport()> read_report_;
  std::optional<Version> refused_;
  std::vector<std::string> problems_;
  std::string last_error_;
  ConfigCounts counts_;
  std::unique_ptr<Timer> wake_;     // connect timeout, backoff
  std::unique_ptr<Timer> silence_;  // missed heartbeats
  std::unique_ptr<Timer> want_timer_;
  std::unique_ptr<Timer> store_timer_;
  std::unique_ptr<Timer> report_timer_;
  std::unique_ptr<Timer> reaper_;
  std::unique_ptr<WatchStream> dead_;  // may be inside an upcall: dropped by the reaper
  std::unique_ptr<WatchStream> stream_;
  Pending work_;
  Pending store_work_;
};
}  // namespace heddle
