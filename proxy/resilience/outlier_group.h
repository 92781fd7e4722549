// OutlierGroup: the endpoints of one backend set as passive judgement sees them, for all workers, and the bound on how
// many of them are ejected. OutlierTable: one group per backend set with an outlier policy that somebody uses. Both are
// thread-safe: a mutex is taken when endpoints are made known, ejected or taken back, and when they are swept or shown;
// recording outcomes takes none.
#pragma once
#include <array>
#include <map>
#include <mutex>
#include <vector>

#include "proxy/resilience/outlier_endpoint.h"

namespace heddle {

class OutlierGroup : public std::enable_shared_from_this<OutlierGroup> {
 public:
  explicit OutlierGroup(std::shared_ptr<HealthEpoch> epoch) : epoch_(std::move(epoch)) {}
  OutlierGroup(const OutlierGroup&) = delete;
  OutlierGroup& operator=(const OutlierGroup&) = delete;

  // Made when it is new. An endpoint without weight gets nothing: it is not among those of whom a share may go.
  std::shared_ptr<OutlierEndpoint> get(const EndpointKey&, const std::shared_ptr<const EndpointHealth>&,
                                       bool has_weight);
  std::shared_ptr<const OutlierEndpoint> find(const EndpointKey&) const;  // nullptr: not known
  std::vector<std::shared_ptr<OutlierEndpoint>> all() const;              // by key

  // False, and counted, when too many are out, or when nobody else would be left; false when it is out already.
  bool eject(OutlierEndpoint&, const Ejection&, const OutlierSpec&, MonoTime now, double draw);
  // At the end of an interval: for those that are in, the time of their next ejection shrinks by one base.
  void forgive();

  size_t ejected() const noexcept { return ejected_.load(kRelaxed); }  // those that are proving themselves included
  uint64_t ejections(EjectionCause cause) const noexcept {
    return ejections_[static_cast<size_t>(cause)].load(kRelaxed);
  }
  uint64_t returns() const noexcept { return returns_.load(kRelaxed); }
  uint64_t refused() const noexcept { return refused_.load(kRelaxed); }

 private:
  friend class OutlierEndpoint;
  friend class OutlierProbe;
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  bool may_eject(const OutlierEndpoint&, const OutlierSpec&) const;
  void begin(OutlierEndpoint&, const Ejection&, const OutlierSpec&, MonoTime now, double draw);
  void eject_again(OutlierEndpoint&, const OutlierSpec&, MonoTime now, double draw);
  void take_back(OutlierEndpoint&);
  void on_gone(const OutlierEndpoint&) noexcept;

  const std::shared_ptr<HealthEpoch> epoch_;
  mutable std::mutex mutex_;  // guards what follows up to the atomics, and every move to and from kIn
  std::map<EndpointKey, std::weak_ptr<OutlierEndpoint>> members_;
  std::atomic<size_t> weighted_{0};  // members that have a weight
  std::atomic<size_t> ejected_{0};
  std::array<std::atomic<uint64_t>, kEjectionCauses> ejections_{};
  std::atomic<uint64_t> returns_{0};
  std::atomic<uint64_t> refused_{0};
};

class OutlierTable {
 public:
  explicit OutlierTable(std::shared_ptr<HealthEpoch> epoch) : epoch_(std::move(epoch)) {}
  std::shared_ptr<OutlierGroup> get(const ResourceKey& backend_set);
  std::shared_ptr<OutlierGroup> find(const ResourceKey& backend_set) const;  // nullptr: nobody uses it

 private:
  const std::shared_ptr<HealthEpoch> epoch_;
  mutable std::mutex mutex_;  // guards groups_
  std::map<ResourceKey, std::weak_ptr<OutlierGroup>> groups_;
};
}  // namespace heddle
