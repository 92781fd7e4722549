// RetryBudget: how many retries a backend set may get from one worker: a share of the requests of the last ten seconds,
// and always a few. Without it retries multiply the load of a backend that fails because of its load. Not thread-safe:
// one per backend set and worker. Pure; O(1), no allocation. Defaults as in the Gateway API (GEP-3388) and Linkerd.
#pragma once
#include <array>
#include <cstdint>

#include "lib/base/clock.h"
#include "lib/config/retry_spec.h"

namespace heddle {
class RetryBudget {
 public:
  static constexpr size_t kSeconds = 10;  // the window
  explicit RetryBudget(RetryBudgetSpec spec = {}) : spec_(spec) {}
  void set(RetryBudgetSpec spec) noexcept { spec_ = spec; }
  // A request came, not counting its retries.
  void deposit(MonoTime now) noexcept;
  // A retry is taken; false: there is none left.
  [[nodiscard]] bool withdraw(MonoTime now) noexcept;

 private:
  struct Second {
    uint32_t requests = 0;
    uint32_t retries = 0;
  };
  Second& at(MonoTime now) noexcept;
  RetryBudgetSpec spec_;
  std::array<Second, kSeconds> window_{};
  int64_t second_ = 0;  // the newest in the window
  Second sum_;          // of the window
};
}  // namespace heddle
