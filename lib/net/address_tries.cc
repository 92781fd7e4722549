#include "lib/net/address_tries.h"

#include <algorithm>

namespace heddle {
AddressTries::AddressTries(std::vector<Address> found, size_t nth, MonoTime until)
    : addresses_(std::move(found)), until_(until) {
  auto first = addresses_.begin() + static_cast<ptrdiff_t>(nth % addresses_.size());
  std::rotate(addresses_.begin(), first, addresses_.end());
}

AddressTries::Try AddressTries::next(MonoTime now) {
  auto left = static_cast<int64_t>(addresses_.size() - at_);
  return {addresses_[at_++], std::max<Duration>((until_ - now) / left, Duration(1))};
}
}  // namespace heddle
