#include "lib/net/original_dst.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace heddle {
namespace {
// linux/netfilter_ipv4.h and netfilter_ipv6/ip6_tables.h, which do not mix with the C library's headers.
constexpr int kOriginalDst = 80;
}  // namespace

std::optional<Address> original_destination(int fd, Address::Family family) {
  if (family != Address::Family::kIpv4 && family != Address::Family::kIpv6) return std::nullopt;
  int level = family == Address::Family::kIpv4 ? IPPROTO_IP : IPPROTO_IPV6;
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (getsockopt(fd, level, kOriginalDst, &storage, &length) != 0) return std::nullopt;
  return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage));
}
}  // namespace heddle
