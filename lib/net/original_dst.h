// Where an intercepted connection wanted to go, before a REDIRECT rule of netfilter sent it here (SO_ORIGINAL_DST).
// Asked only for listeners that are `intercepted`. Without a rule the kernel has no entry (nullopt) or, where it tracks
// connections, answers the address that was connected to: the listener's own, which the caller must not dial.
#pragma once
#include <optional>

#include "lib/base/address.h"

namespace heddle {
std::optional<Address> original_destination(int fd, Address::Family);
}  // namespace heddle
