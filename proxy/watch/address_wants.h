// AddressWants: whose addresses this sidecar asks the control plane about, and how fast: at most 100 a second, as many
// at once as connections may wait (WantWaiters). That one is of nobody is remembered for 4 s, and for another by each
// worker (proxy/app/worker_wants.h); while there is no stream to ask again, for as long as there is none: what was
// external stays so when the control plane is away. Pure: time is an argument. Owned by the WatchClient.
#pragma once
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "lib/api/watch_messages.h"
#include "proxy/watch/unowned_addresses.h"

namespace heddle {
class AddressWants {
 public:
  static constexpr double kPerSecond = 100;
  static constexpr Duration kRememberUnknown = 4s;

  // Asked for once, until there is an answer or the stream ends.
  void add(const Address&);
  bool is_unknown(const Address&, MonoTime now, bool may_ask) const;
  void on_unknown(const Address&, MonoTime now);
  void on_owned(const Address&);
  // What was asked is asked again on the next one.
  void on_stream_end();

  // What may be sent now, and when to ask again if more waits.
  std::vector<Address> take(MonoTime now);
  std::optional<Duration> wait(MonoTime now) const;

 private:
  double tokens_at(MonoTime now) const;
  std::deque<Address> queue_;  // not asked yet
  std::set<Address> asked_;    // no answer yet
  UnownedAddresses unknown_{kRememberUnknown};
  double tokens_ = kPerSecond;
  std::optional<MonoTime> refilled_;
};
}  // namespace heddle
