#include "proxy/app/leave_addresses.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <memory>

#include "lib/base/strings.h"

namespace heddle {
namespace {
bool is_any(const Address& address) { return address.ip() == "0.0.0.0" || address.ip() == "::"; }

void add(std::vector<Address>& out, const Address& address) {
  if (out.size() >= kMaxLeavingAddresses || !address.is_ip()) return;
  if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(address);
}
}  // namespace

std::vector<Address> leave_addresses(const ReachedBy& from) {
  std::vector<Address> out;
  for (size_t i = 0; i < from.settings.listeners.size(); ++i) {
    const ListenerSettings& listener = from.settings.listeners[i];
    if (listener.direction != ListenerSettings::Direction::kInbound) continue;
    const Address& at = from.listeners[i];
    if (!listener.intercept && !is_any(at)) {
      add(out, at);
      continue;
    }
    for (const Address& own : from.own) add(out, own.with_port(listener.intercept ? 0 : at.port()));
  }
  return out;
}

std::vector<Address> parse_ips(std::string_view text) {
  std::vector<Address> out;
  for (std::string_view part : split(text, ',')) {
    if (auto address = Address::from_ip(part, 0)) out.push_back(*address);
  }
  return out;
}

std::vector<Address> interface_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {};
  std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> list(first, ::freeifaddrs);
  std::vector<Address> loopback;
  std::vector<Address> out;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0) continue;
    Address address = Address::from_sockaddr(one->ifa_addr);
    if (address.is_ip()) add(address.is_loopback() ? loopback : out, address.with_port(0));
  }
  return out.empty() ? loopback : out;
}
}  // namespace heddle
