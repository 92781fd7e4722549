// OutlierEndpoint: what the passive judgement knows about one endpoint of one backend set, in atomics that all workers
// share. Held by shared_ptr: by the workers' backend sets, by requests that prove it, by nobody else: an endpoint that
// left the set is forgotten with its ejection. It belongs to a set, not to an address: what another set does with the
// same endpoint is that set's affair.
//
//          eject                        until() passed, somebody claims it
//   kIn ------------> kEjected ------------------------------------------> kProbing
//    ^                    ^                                                    |
//    |                    +---- the request failed (again, for longer), -------+
//    |                          or said nothing (at once due again)            |
//    +------------------------- the request succeeded -------------------------+
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <optional>

#include "lib/config/model.h"
#include "proxy/resilience/outlier_detector.h"

namespace heddle {
class OutlierGroup;

enum class OutlierState : uint8_t { kIn, kEjected, kProbing };

class OutlierEndpoint {
 public:
  // For the OutlierGroup alone.
  OutlierEndpoint(std::shared_ptr<OutlierGroup>, const EndpointKey&, std::shared_ptr<const EndpointHealth>);
  OutlierEndpoint(const OutlierEndpoint&) = delete;
  OutlierEndpoint& operator=(const OutlierEndpoint&) = delete;
  ~OutlierEndpoint();

  const EndpointKey& key() const noexcept { return key_; }
  OutlierGroup& group() const noexcept { return *group_; }
  OutlierState state() const noexcept { return static_cast<OutlierState>(state_.load(std::memory_order_acquire)); }
  bool is_in() const noexcept { return state() == OutlierState::kIn; }
  // In, and nothing else against it.
  bool usable() const noexcept { return is_in() && health_->usable(); }

  // Any worker, lock-free. What is to be done about it: nothing, or an ejection that the group should try. Said once
  // per threshold, so that a refused ejection is asked for again after as many errors more.
  std::optional<Ejection> count(OutlierOutcome, const OutlierSpec&) noexcept;
  void count_latency(Duration) noexcept;
  // The counts since the last take(); main loop.
  OutlierCounts take() noexcept;

  // From here on of the present or last ejection.
  MonoTime until() const noexcept { return MonoTime(Duration(until_.load(kRelaxed))); }
  uint32_t times() const noexcept { return times_.load(kRelaxed); }          // in a row; shrinks while it is in
  uint64_t ejections() const noexcept { return ejections_.load(kRelaxed); }  // since it is known
  Ejection why() const noexcept;
  bool is_due(MonoTime now) const noexcept { return state() == OutlierState::kEjected && until() <= now; }
  // And somebody could claim the request that proves it: no check has found it DOWN.
  bool may_prove(MonoTime now) const noexcept { return is_due(now) && health_->usable(); }

 private:
  friend class OutlierGroup;
  friend class OutlierProbe;
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  // Of two that ask at once only one gets true.
  bool move(OutlierState from, OutlierState to) noexcept;
  void set_until(const Ejection&, MonoTime until) noexcept;
  void forget_counts() noexcept;

  const std::shared_ptr<OutlierGroup> group_;
  const EndpointKey key_;
  const std::shared_ptr<const EndpointHealth> health_;
  // Read when balancers look again, written rarely.
  alignas(64) std::atomic<uint8_t> state_{0};
  std::atomic<uint8_t> cause_{0};
  std::atomic<double> number_{0};
  std::atomic<double> bound_{0};
  std::atomic<int64_t> until_{0};
  std::atomic<uint32_t> times_{0};
  std::atomic<uint64_t> ejections_{0};
  bool has_weight_ = false;  // guarded by the group
  // Written by requests.
  alignas(64) std::atomic<uint32_t> errors_in_a_row_{0};
  std::atomic<uint32_t> gateway_errors_in_a_row_{0};
  std::atomic<uint64_t> requests_{0};
  std::atomic<uint64_t> errors_{0};
  std::atomic<uint64_t> answers_{0};
  std::atomic<int64_t> latency_{0};
};

// RAII: the one request that proves an endpoint whose time is over. Destroyed undecided, it leaves the endpoint due.
class OutlierProbe {
 public:
  OutlierProbe() = default;
  // Empty when somebody else has it, or its time is not over.
  static OutlierProbe claim(const std::shared_ptr<OutlierEndpoint>&, MonoTime now) noexcept;
  OutlierProbe(OutlierProbe&&) noexcept = default;
  OutlierProbe& operator=(OutlierProbe&& other) noexcept {
    if (endpoint_ != nullptr || other.endpoint_ != nullptr) take(other);
    return *this;
  }
  ~OutlierProbe() {
    if (endpoint_ != nullptr) release();  // nearly always empty, and one dies with every request
  }
  explicit operator bool() const noexcept { return endpoint_ != nullptr; }
  // It is in again.
  void succeed() noexcept;
  // It is ejected again, for longer.
  void fail(const OutlierSpec&, MonoTime now, double draw) noexcept;

 private:
  void release() noexcept;
  void take(OutlierProbe& other) noexcept;
  std::shared_ptr<OutlierEndpoint> endpoint_;
};
}  // namespace heddle
