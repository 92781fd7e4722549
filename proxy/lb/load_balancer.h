// LoadBalancer: picks one endpoint of a backend set. One per backend set and worker, on that worker's loop; pure but
// for the shared EndpointHealth it reads. It never connects, waits or retries.
// Contract (tests/contract/balancer_contract_test.cc): never an unusable endpoint, never one of `tried`, weights within
// 2 %, the same picks for the same Random; idle equal endpoints are used in turn; pick() allocates nothing.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/random.h"
#include "lib/config/load_balancing.h"
#include "proxy/resilience/endpoint_health.h"
#include "proxy/resilience/outlier_endpoint.h"

namespace heddle {

// The balancer's view of one endpoint; its index is the index in the backend set.
struct LbCandidate {
  std::shared_ptr<const EndpointHealth> health;
  uint32_t weight = 1;  // 0: gets nothing
  uint64_t id = 0;      // of its address, the same in every process: for policies that hash
  uint8_t priority = 0;
  bool is_local = false;                             // in the zone of this sidecar
  std::shared_ptr<const OutlierEndpoint> outlier{};  // nullptr: never ejected
  bool usable() const noexcept { return health->usable() && (outlier == nullptr || outlier->is_in()); }
};

struct PickContext {
  MonoTime now;
  std::span<const uint32_t> tried{};  // indexes that earlier tries of this request have used
  std::optional<uint64_t> hash{};     // for policies that keep a key on one endpoint
};

// What every policy gets; both outlive the balancer.
struct LbInputs {
  Random& random;
  const HealthEpoch& epoch;
  LbShape shape{};
};

class LoadBalancer {
 public:
  // What an answer that refuses for load counts as, at least: to a latency of 1 ms it decays in about 70 s without
  // requests (PeakEwma), and from 23 s on a peak EWMA balancer tries the endpoint now and then.
  static constexpr Duration kRefusedLatency = 1s;
  virtual ~LoadBalancer() = default;
  // Replaces the candidates. What is known about an endpoint (same health object) is kept.
  virtual void update(std::vector<LbCandidate>) = 0;
  // Nothing: no endpoint is usable that was not tried.
  virtual std::optional<uint32_t> pick(const PickContext&) = 0;
  // What pick() would answer, where that is no matter of chance or load; changes nothing, and may allocate: for
  // `explain`.
  virtual std::optional<uint32_t> would_pick(const PickContext&) const { return std::nullopt; }
  // Whether the last pick was among endpoints that are not healthy, too (level_loads.h).
  virtual bool is_panicking() const noexcept = 0;
  // An endpoint answered: from the request's last byte of head to the answer's head, without connect. At most once per
  // try; the index is one of the present candidates.
  virtual void on_response(uint32_t index, Duration latency, MonoTime now) { (void)index, (void)latency, (void)now; }
  // Instead of that: a try was given up after `at_least`, because another one answered before it.
  virtual void on_overtaken(uint32_t index, Duration at_least, MonoTime now) { (void)index, (void)at_least, (void)now; }
};
}  // namespace heddle
