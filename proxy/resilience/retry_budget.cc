#include "proxy/resilience/retry_budget.h"

#include <algorithm>

namespace heddle {
// The cell of this second; those that left the window on the way here are emptied.
RetryBudget::Second& RetryBudget::at(MonoTime now) noexcept {
  int64_t second = now.since_epoch() / 1s;
  auto steps = std::min<int64_t>(second - second_, kSeconds);
  for (int64_t i = 0; i < steps; ++i) {
    Second& old = window_[static_cast<size_t>(second - i) % kSeconds];
    sum_.requests -= old.requests;
    sum_.retries -= old.retries;
    old = {};
  }
  second_ = std::max(second, second_);
  return window_[static_cast<size_t>(second_) % kSeconds];
}

void RetryBudget::deposit(MonoTime now) noexcept {
  ++at(now).requests;
  ++sum_.requests;
}

bool RetryBudget::withdraw(MonoTime now) noexcept {
  Second& present = at(now);
  uint64_t of_requests = uint64_t{sum_.requests} * spec_.percent / 100;
  uint64_t always = uint64_t{spec_.min_per_second} * kSeconds;
  if (sum_.retries >= std::max(of_requests, always)) return false;
  ++present.retries;
  ++sum_.retries;
  return true;
}
}  // namespace heddle
