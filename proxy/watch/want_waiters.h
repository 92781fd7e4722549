// WantWaiters: requests that wait until the control plane has told about a service, and connections that wait until it
// has told whose the address is that they went to, and then about that service: at most 128 at once, 3 s each.
// Owned by the WatchClient and must outlive its tokens; belongs to the main loop. Never calls back inside wait().
#pragma once
#include <vector>

#include "lib/base/address.h"
#include "lib/base/clock.h"
#include "lib/base/operation.h"
#include "lib/snapshot/snapshot.h"

namespace heddle {
class WantWaiters {
 public:
  static constexpr size_t kMax = 128;
  static constexpr Duration kPatience = 3s;
  // kServiceUnknown, kTooManyWants, kPendingOverflow or kPendingTimeout. Once, unless the token dies before.
  using OnWant = UniqueFunction<void(Result<void>)>;
  explicit WantWaiters(Scheduler& scheduler) : scheduler_(scheduler) {}
  [[nodiscard]] Pending wait(const ResourceKey&, OnWant);
  [[nodiscard]] Pending wait(const Address&, OnWant);
  // An answer that is known already; given from the loop.
  [[nodiscard]] Pending answer(Result<void>, OnWant);

  void on_snapshot(const Snapshot&);
  void on_unknown(const ResourceKey&);
  // Whoever waits for the address waits for the service now.
  void on_owned(const Address&, const ResourceKey&);
  void on_unowned(const Address&, const Result<void>&);
  size_t size() const noexcept { return waiters_.size(); }

 private:
  class Waiter;
  Pending add(ResourceKey, const Address&, std::string_view what, OnWant);
  template <class Matches>
  void finish_all(Matches matches, const Result<void>& result);
  Scheduler& scheduler_;
  std::vector<Waiter*> waiters_;
};
bool holds_service(const Snapshot&, const ResourceKey&);
}  // namespace heddle
