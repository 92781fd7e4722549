// By which addresses others reach this sidecar's application: what the control plane looks for in endpoints. Pure.
#pragma once
#include <span>
#include <vector>

#include "lib/api/watch_messages.h"
#include "proxy/app/settings.h"

namespace heddle {
struct ReachedBy {
  const Settings& settings;
  std::span<const Address> listeners;  // where the listeners of the settings really listen, in their order
  std::vector<Address> own{};          // of this machine or pod, port 0; without loopback, unless there is nothing else
};

// Of explicit inbound listeners the address and port, of intercepting ones each address of the pod with every port;
// without doubles, at most kMaxLeavingAddresses.
std::vector<Address> leave_addresses(const ReachedBy&);

// "10.0.0.7,fd00::7", as HEDDLE_POD_IPS has it; what is no address is left out.
std::vector<Address> parse_ips(std::string_view text);
// Of the interfaces that are up: not pure.
std::vector<Address> interface_addresses();
}  // namespace heddle
