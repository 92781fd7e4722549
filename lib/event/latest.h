// Latest<T>: a mailbox of depth one between threads: the newest value wins. publish() from any thread; each subscriber
// gets the newest value on its own loop (values in between may be skipped, never reordered). A new subscriber gets the
// current value at once (from the loop, not inside subscribe()). Guarded by a mutex that is touched once per change.
// The Latest may die before its subscriptions and the other way round; a dead Subscription's callback never runs.
#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "lib/base/operation.h"
#include "lib/event/loop.h"

namespace heddle {
using Subscription = Pending;

template <class T>
class Latest {
 public:
  using Value = std::shared_ptr<const T>;
  using Callback = UniqueFunction<void(Value)>;
  Latest();
  void publish(Value);
  Value current() const;  // any thread; nullptr before the first publish
  // Call and destroy the subscription on `loop`'s thread. The loop must outlive it.
  [[nodiscard]] Subscription subscribe(Loop& loop, Callback);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};
}  // namespace heddle

#include "lib/event/latest_impl.h"  // IWYU pragma: keep
