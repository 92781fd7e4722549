// Offload: work that would stall a loop (signing, key generation, file IO, building a snapshot) runs on libuv's thread
// pool; its answer comes back on the loop. Destroying the token guarantees silence; work that already runs finishes
// unheard. `work` must capture only values it owns. Belongs to one loop.
#pragma once
#include <memory>
#include <optional>

#include "lib/base/operation.h"
#include "lib/event/loop.h"

namespace heddle {
class Offload {
 public:
  explicit Offload(Loop& loop) : loop_(loop) {}
  // work() on a pool thread, then done() on the loop.
  [[nodiscard]] Pending run(Task work, Task done);
  // The same for a work function that returns a value.
  template <class Work, class Done>
  [[nodiscard]] Pending compute(Work work, Done done) {
    using Value = std::invoke_result_t<Work&>;
    auto slot = std::make_shared<std::optional<Value>>();
    return run([slot, work = std::move(work)]() mutable { slot->emplace(work()); },
               [slot, done = std::move(done)]() mutable { done(std::move(**slot)); });
  }

 private:
  Loop& loop_;
};
}  // namespace heddle
