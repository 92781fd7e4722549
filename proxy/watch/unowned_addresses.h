// UnownedAddresses: addresses of which the control plane said a moment ago that they are of no service: at most 1,000,
// the oldest goes. Pure: time is an argument.
#pragma once
#include <deque>
#include <unordered_map>

#include "lib/base/address.h"
#include "lib/base/clock.h"

namespace heddle {
class UnownedAddresses {
 public:
  static constexpr size_t kMax = 1000;
  explicit UnownedAddresses(Duration keep) : keep_(keep) {}
  void add(const Address& address, MonoTime now) {
    if (until_.insert_or_assign(address, now + keep_).second) in_order_.push_back(address);
    if (until_.size() <= kMax) return;
    until_.erase(in_order_.front());
    in_order_.pop_front();
  }
  void remove(const Address& address) {
    if (until_.erase(address) != 0) std::erase(in_order_, address);
  }
  bool contains(const Address& address, MonoTime now) const {
    auto found = until_.find(address);
    return found != until_.end() && now < found->second;
  }
  // However long ago.
  bool was_told(const Address& address) const { return until_.contains(address); }

 private:
  Duration keep_;
  std::unordered_map<Address, MonoTime> until_;
  std::deque<Address> in_order_;
};
}  // namespace heddle
