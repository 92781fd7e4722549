// soon(): for calls whose answer is known when they are made: it comes from the loop all the same, as every answer
// does. Destroying the token keeps it silent; the task may destroy the token.
#pragma once
#include <memory>
#include <utility>

#include "lib/base/operation.h"
#include "lib/event/loop.h"

namespace heddle {
[[nodiscard]] inline Pending soon(Loop& loop, Task task) {
  class Soon final : public Operation {
   public:
    Soon(Loop& on, Task what) : task_(std::move(what)) { on.defer(run_); }

   private:
    void run() {
      Task task = std::move(task_);
      task();
    }
    Task task_;
    DeferredOf<Soon, &Soon::run> run_{*this};
  };
  return std::make_unique<Soon>(loop, std::move(task));
}
}  // namespace heddle
