// Worker: one thread with one loop that carries traffic: its listeners (SO_REUSEPORT), sessions, backend sets, pools,
// balancers, metric cells and log ring. Shares nothing with other workers but endpoint health and what is published to
// it (snapshots, identities). Made, drained and destroyed by the Server from the main thread.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "lib/base/log.h"
#include "lib/event/latest.h"
#include "lib/event/loop_thread.h"
#include "lib/metrics/registry.h"
#include "lib/snapshot/snapshot.h"
#include "lib/tls/tls_context.h"
#include "proxy/app/live_question.h"
#include "proxy/app/settings.h"
#include "proxy/app/worker_wants.h"
#include "proxy/exchange/detection_memory.h"
#include "proxy/lb/registry.h"
#include "proxy/resilience/health_table.h"
#include "proxy/resilience/pressure.h"
#include "proxy/resilience/rate_tables.h"
#include "proxy/telemetry/access_log.h"
#include "proxy/telemetry/fact_ring.h"
#include "proxy/telemetry/log_writer.h"
#include "proxy/telemetry/span_exporter.h"
#include "proxy/upstream/dns_sets.h"

namespace heddle {

// What all workers share; outlives them.
struct WorkerShared {
  const Settings& settings;
  uint32_t workers = 1;
  Registry& metrics;
  HealthTable& health;
  const LbRegistry& balancers;
  Latest<Snapshot>* snapshots = nullptr;      // null: no config source
  Latest<TlsIdentity>* identities = nullptr;  // null: no identity source
  LogWriter* access_writer = nullptr;
  Log& log;
  // A worker obeys another version or uses another identity; called on the worker's thread: post from it.
  std::function<void()> on_applied;
  // Asks the control plane for a service; empty: there is none to ask.
  AskForService ask_for_service;
  uint64_t proxy_id = 0;  // of the process, by chance: marks what passed (LoopGuard)
  // Where the first worker listens, for those after it: a port 0 is one port for all. Empty: as the settings say.
  std::vector<Address> addresses = {};
  Latest<ResolvedSets>* resolved = nullptr;  // null: no backend set is looked up in DNS
  DetectionMemory* detection = nullptr;      // of the settings' listeners; null: nothing is learned
  SpanExporter* spans = nullptr;             // null: nothing is traced
  std::shared_ptr<RateTables> rates = std::make_shared<RateTables>(SipKey::secret());
  Random* random = nullptr;  // of one worker, on its loop; null: the system's, each its own
};

// For the admin's /connections.
struct ConnectionRow {
  std::string protocol;
  std::string peer;
  std::string local;
  std::string identity;
  size_t streams = 0;
};

// As the settings say when the drain begins: both may have been reloaded.
struct DrainTimes {
  Duration deadline = Settings{}.drain;       // hard end of sessions and tunnels
  Duration accept = Settings{}.drain_accept;  // listeners go on for so long
  // What the application calls is neither told nor refused while it has a connection.
  bool serves_application = false;
};

class Worker {
 public:
  // Starts the thread, binds every listener; fails naming the address that could not be had.
  static Result<std::unique_ptr<Worker>> start(uint32_t index, const WorkerShared&);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Only what comes for the application: connections are drained at once, listeners stop after `accept`. What the
  // application itself does goes on. `on_gone` is posted to `to` once nobody is connected to the application.
  void drain_inbound(Loop& to, DrainTimes, std::function<void()> on_gone);
  // Drains at once and stops accepting after `accept`: others still believe in this proxy for a while. Then
  // `on_drained` is posted to `to` once no connection is left.
  void drain(Loop& to, DrainTimes, std::function<void()> on_drained);
  void set_access_log(AccessLogPolicy);
  // Of the process's memory; the worker adds that of its own loop.
  void set_memory_pressure(Pressure);
  // The answer is posted to `to`.
  void list_connections(Loop& to, std::function<void(std::vector<ConnectionRow>)>);
  // What would become of a request (live_explain.h); the answer is posted to `to`.
  void explain(Loop& to, LiveQuestion, OnExplanation);
  // What it remembers of its requests; the answer is posted to `to`. Nothing with `facts: off`.
  void list_facts(Loop& to, UniqueFunction<void(FactSlots)>);
  // The version this worker obeys; read from any thread. Epoch in the upper half.
  uint64_t applied_sequence() const noexcept;
  uint64_t applied_epoch() const noexcept;
  // What it obeys, to be compared only: in a staged rollout two contents have one version. From any thread.
  const Snapshot* applied_snapshot() const noexcept;
  bool has_config() const noexcept;
  // The identity its handshakes use, to be compared only; null: none. From any thread.
  const TlsIdentity* applied_identity() const noexcept;
  Loop& loop() noexcept { return thread_->loop(); }
  // Of the listeners, in the order of the settings, with real ports; fixed since start().
  const std::vector<Address>& addresses() const noexcept { return addresses_; }

 private:
  class Core;     // everything that lives on the worker's loop
  class CoreEnd;  // its destruction, on that loop
  Worker() = default;
  std::unique_ptr<LoopThread> thread_;
  std::unique_ptr<Core> core_;
  std::vector<Address> addresses_;
};
}  // namespace heddle
