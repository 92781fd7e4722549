// SimulatedFleet: many simulated sidecars on one loop, what they want, and what was counted. Who wants what follows
// from the seed alone: each account (the sidecars of one account are replicas of one workload) draws its services with
// probabilities as of Zipf's law, so that a few services are wanted by many and most by few.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "certs/authority.h"
#include "lib/api/watch_messages.h"
#include "lib/base/random.h"
#include "lib/net/connector.h"
#include "lib/session/protocols.h"
#include "lib/session/session.h"
#include "lib/tls/tls_context.h"

namespace heddle {
class SimulatedSidecar;

struct FleetOptions {
  Address control;
  std::string ca_certificates;  // PEM
  std::string ca_key;           // PEM
  std::string trust_domain = "cluster.local";
  uint32_t first = 0;  // the number of the first sidecar: several processes share one fleet
  uint32_t sidecars = 100;
  uint32_t services = 1000;  // svc-0 ... and as many accounts
  uint32_t wants = 5;
  uint64_t seed = 1;
  bool handshake_only = false;
};

struct SidecarPlan {
  uint32_t number = 0;
  std::vector<uint32_t> wants;  // services, ascending
};

struct Arrival {
  uint32_t service;
  uint64_t at;  // ns of CLOCK_MONOTONIC
};

// What all sidecars of this process saw.
struct FleetCounts {
  uint64_t connected = 0;  // streams that are open (connections, without watch)
  uint64_t synced = 0;     // sidecars that have acknowledged a batch
  uint64_t failed = 0;     // connections and streams that ended
  uint64_t retry_after = 0;
  uint64_t drained = 0;
  uint64_t snapshots = 0;
  uint64_t deltas = 0;
  uint64_t heartbeats = 0;
  uint64_t wrong = 0;        // batches that did not lead to their hash
  uint64_t delta_bytes = 0;  // of their lines
  uint64_t snapshot_bytes = 0;
  uint64_t last_connected = 0;  // ns
  uint64_t last_synced = 0;     // ns
};

class SimulatedFleet {
 public:
  // Makes every key and certificate; that takes a while.
  static Result<std::unique_ptr<SimulatedFleet>> create(Loop&, FleetOptions);
  // create() calls it.
  struct Access {
   private:
    friend class SimulatedFleet;
    Access() = default;
  };
  SimulatedFleet(Access, Loop&, FleetOptions, SpiffeId control);
  ~SimulatedFleet();
  void connect_all();
  // One line of JSON each.
  std::string wanted() const;  // how many of ours want each service
  std::string report() const;
  std::string take_arrivals();

  static uint64_t now() { return uv_hrtime(); }
  Loop& loop;
  const FleetOptions options;
  ConnectionRegistry registry;
  Protocols protocols;
  TcpConnector tcp;
  SystemRandom random;
  SpiffeId control;
  FleetCounts counts;
  std::vector<Arrival> arrivals;

 private:
  Result<void> populate();
  std::vector<uint32_t> draw_wants(uint32_t account) const;
  std::vector<double> cumulated_;  // of the services' probabilities
  std::vector<std::unique_ptr<SimulatedSidecar>> sidecars_;
  std::vector<uint32_t> wanted_;
};
}  // namespace heddle
