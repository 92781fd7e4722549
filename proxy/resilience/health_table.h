// HealthTable: the EndpointHealth of every endpoint of the process, one per key. Made in the composition root; thread-
// safe (a mutex, taken when a worker uses a backend set first or applies a change of one it uses; no other request
// takes it). A key that stays in a set in use keeps its health across swaps.
#pragma once
#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lib/base/address.h"
#include "proxy/resilience/endpoint_health.h"
#include "proxy/resilience/outlier_group.h"

namespace heddle {
// An address that must prove another identity is another endpoint.
struct HealthKey {
  Address address;
  std::string identity;  // expected SPIFFE id; empty: none
  auto operator<=>(const HealthKey&) const = default;
};

class HealthTable {
 public:
  HealthTable();
  // The health of that endpoint; made usable and unchecked when it is new.
  std::shared_ptr<EndpointHealth> get(const HealthKey&);
  const std::shared_ptr<HealthEpoch>& epoch() const noexcept { return epoch_; }
  // Forgets what nobody holds any more; returns how many. Main loop, after a swap was acknowledged by all workers.
  size_t sweep();
  std::vector<std::pair<HealthKey, std::shared_ptr<const EndpointHealth>>> all() const;  // sorted by key
  size_t size() const;
  // Whom passive judgement has put aside, by backend set.
  OutlierTable& outliers() noexcept { return outliers_; }

 private:
  std::shared_ptr<HealthEpoch> epoch_;
  OutlierTable outliers_{epoch_};
  mutable std::mutex mutex_;  // guards entries_
  std::map<HealthKey, std::shared_ptr<EndpointHealth>> entries_;
};
}  // namespace heddle
