#include "proxy/telemetry/access_record.h"

#include <netinet/in.h>

namespace heddle {
void InlineAddress::assign(const Address& address) noexcept {
  *this = {};
  if (!address.is_ip()) return;
  sockaddr_storage storage{};
  address.to_sockaddr(storage);
  family_ = address.family();
  port_ = address.port();
  if (family_ == Address::Family::kIpv4) {
    std::memcpy(ip_.data(), &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, sizeof(in_addr));
  } else {
    std::memcpy(ip_.data(), &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, sizeof(in6_addr));
  }
}

Address InlineAddress::address() const {
  if (family_ == Address::Family::kIpv4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port_);
    std::memcpy(&v4.sin_addr, ip_.data(), sizeof(in_addr));
    return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&v4));
  }
  if (family_ != Address::Family::kIpv6) return {};
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port_);
  std::memcpy(&v6.sin6_addr, ip_.data(), sizeof(in6_addr));
  return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&v6));
}

std::string_view to_text(Direction direction) noexcept {
  return direction == Direction::kInbound ? "inbound" : "outbound";
}

std::string_view to_text(AccessProtocol protocol) noexcept {
  switch (protocol) {
    case AccessProtocol::kNone:
      return "";
    case AccessProtocol::kTcp:
      return "TCP";
    case AccessProtocol::kHttp10:
      return "HTTP/1.0";
    case AccessProtocol::kHttp11:
      return "HTTP/1.1";
    case AccessProtocol::kHttp2:
      return "HTTP/2";
  }
  return "-";
}
}  // namespace heddle
