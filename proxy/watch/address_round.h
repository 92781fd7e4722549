// AddressRound: which control plane is asked next, and after what wait. A stream that was good and ends is no reason to
// wait: each of the other addresses is tried at once (a jitter keeps ten thousand sidecars of a replica that died from
// coming in one instant), so that a sidecar is elsewhere within 3 s. Where nobody answers, and where streams end as
// soon as they began (more than kQuickBurst such rounds in a row), the backoff rules. Where it begins is its owner's
// choice: first_address() spreads sidecars over the addresses. Pure: time is a parameter.
#pragma once
#include <algorithm>
#include <string_view>

#include "lib/base/backoff.h"
#include "lib/base/token_bucket.h"

namespace heddle {
// Which of the addresses the sidecar of this name asks first: the same after each start, and of many sidecars with the
// same list each address has its share, so that a mesh that starts is not one replica's.
size_t first_address(std::string_view node, size_t addresses);

class AddressRound {
 public:
  static constexpr Duration kQuickFrom = 100ms;
  static constexpr Duration kQuickTo = 1s;
  static constexpr int kQuickBurst = 4;         // good streams in a row that may end at once
  static constexpr Duration kQuickAgain = 10s;  // one more after this
  AddressRound(Random& random, size_t addresses, MonoTime now, size_t first = 0)
      : random_(random),
        backoff_(random),
        addresses_(std::max<size_t>(addresses, 1)),
        quick_(rate(), kQuickBurst, now),
        current_(first % addresses_) {}

  size_t current() const noexcept { return current_; }
  // The stream to current() brought something: that control plane is alive.
  void on_good() noexcept { is_good_ = true; }
  // It was so for long, or somebody asks to try again: the backoff begins anew.
  void on_stable() noexcept { backoff_.reset(); }
  // It failed or ended: moves to the next address; how long to wait before asking it.
  Duration on_failed(MonoTime now);
  // It sent us away, without a failure: moves to the next address. At least `wait`.
  Duration on_sent_away(Duration wait);
  // Sent to another replica: the next address.
  void move_on() noexcept;

 private:
  static double rate() { return 1 / std::chrono::duration<double>(kQuickAgain).count(); }
  Random& random_;
  Backoff backoff_;
  size_t addresses_;
  TokenBucket quick_;
  size_t current_;
  size_t quick_left_ = 0;  // other addresses that are still to be tried at once
  bool is_good_ = false;
};
}  // namespace heddle
