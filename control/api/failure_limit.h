// FailureLimit: how often one source may fail to prove who it is: 1/s on average, 10 at once (reliability C4). Success
// costs nothing. IPv6 sources count by their /64. Pure: time is a parameter; control loop.
#pragma once
#include <map>

#include "lib/base/address.h"
#include "lib/base/token_bucket.h"

namespace heddle {
class FailureLimit {
 public:
  static constexpr double kPerSecond = 1;
  static constexpr double kBurst = 10;
  static constexpr size_t kMaxSources = 10'000;

  // False: it failed too often, do not even look at what it says.
  bool may_try(const Address& source, MonoTime now) const;
  void note_failure(const Address& source, MonoTime now);
  size_t sources() const noexcept { return buckets_.size(); }

 private:
  void make_room(MonoTime now);
  std::map<Address, TokenBucket> buckets_;
};
}  // namespace heddle
