// AddressTries: in which order the addresses of one name are dialled, and how long each may take. Pure: time is a
// parameter. Owned by an attempt of a NamedConnector.
#pragma once
#include <vector>

#include "lib/base/address.h"
#include "lib/base/clock.h"

namespace heddle {
class AddressTries {
 public:
  struct Try {
    Address address;
    Duration share;  // of the time that is left, by those that are left; at least a nanosecond
  };
  AddressTries() = default;
  // At least one address. `nth`: the connect to this name that it is, so that each begins with another.
  AddressTries(std::vector<Address> found, size_t nth, MonoTime until);
  bool is_over() const noexcept { return at_ == addresses_.size(); }
  Try next(MonoTime now);  // unless is_over()

 private:
  std::vector<Address> addresses_;
  MonoTime until_;
  size_t at_ = 0;
};
}  // namespace heddle
