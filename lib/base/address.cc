#include "lib/base/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "lib/base/strings.h"

namespace heddle {
namespace {
Error bad(std::string_view text, const char* why) {
  return make_error(Reason::kConfigInvalid, str_cat("\"", text, "\" is not an address: ", why));
}
}  // namespace

Result<Address> Address::from_ip(std::string_view ip, uint16_t port) {
  if (ip.find('\0') != std::string_view::npos) return bad(ip, "it holds a NUL");
  Address out;
  std::string copy(ip);
  out.port_ = port;
  if (inet_pton(AF_INET, copy.c_str(), out.ip_.data()) == 1) {
    out.family_ = Family::kIpv4;
  } else if (inet_pton(AF_INET6, copy.c_str(), out.ip_.data()) == 1) {
    out.family_ = Family::kIpv6;
  } else {
    return bad(ip, "expected an IPv4 or IPv6 address");
  }
  return out;
}

Result<Address> Address::from_unix(std::string_view path) {
  if (path.size() < 2 || path.front() != '/') return bad(path, "a socket path must be absolute");
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return bad(path, "a socket path is at most 107 bytes");
  if (path.find('\0') != std::string_view::npos) return bad(path, "a socket path has no NUL");
  Address out;
  out.family_ = Family::kUnix;
  out.path_ = path;
  return out;
}

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) return from_unix(text.substr(5));
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad(text, "expected host:port");
  auto port = parse_int<uint16_t>(text.substr(colon + 1));
  if (!port) return bad(text, "the port must be a number from 0 to 65535");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return bad(text, "a bracket is not closed");
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return bad(text, "brackets are for IPv6");
  } else if (host.find(':') != std::string_view::npos) {
    return bad(text, "write IPv6 in brackets, as [::1]:80");
  }
  return from_ip(host, *port);
}

Address Address::from_sockaddr(const sockaddr* sa) {
  Address out;
  if (sa->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, sa, sizeof(in));
    out.family_ = Family::kIpv4;
    out.port_ = ntohs(in.sin_port);
    std::memcpy(out.ip_.data(), &in.sin_addr, 4);
  } else if (sa->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, sa, sizeof(in));
    out.family_ = Family::kIpv6;
    out.port_ = ntohs(in.sin6_port);
    std::memcpy(out.ip_.data(), &in.sin6_addr, 16);
  } else if (sa->sa_family == AF_UNIX) {
    out.family_ = Family::kUnix;
  }
  return out;
}

Address Address::loopback(uint16_t port) {
  Address out;
  out.family_ = Family::kIpv4;
  out.port_ = port;
  out.ip_ = {127, 0, 0, 1};
  return out;
}

bool Address::is_loopback() const noexcept {
  if (family_ == Family::kUnix) return true;
  if (family_ == Family::kIpv4) return ip_[0] == 127;
  static constexpr std::array<uint8_t, 16> kOne = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return family_ == Family::kIpv6 && ip_ == kOne;
}

Address Address::with_port(uint16_t port) const {
  Address out = *this;
  out.port_ = port;
  return out;
}

Address Address::source() const {
  Address out = with_port(0);
  if (family_ == Family::kIpv6) std::fill(out.ip_.begin() + 8, out.ip_.end(), uint8_t{0});
  return out;
}

std::string Address::ip() const {
  IpText room;
  return std::string(ip(room));
}

std::string_view Address::ip(IpText& room) const noexcept {
  if (!is_ip()) return {};
  if (family_ == Family::kIpv6) return inet_ntop(AF_INET6, ip_.data(), room.data(), INET6_ADDRSTRLEN);
  char* end = room.data();
  for (size_t i = 0; i < 4; ++i) {
    if (i > 0) *end++ = '.';
    end = std::to_chars(end, room.data() + room.size(), ip_[i]).ptr;
  }
  return {room.data(), static_cast<size_t>(end - room.data())};
}

std::string Address::text() const {
  switch (family_) {
    case Family::kNone:
      return "-";
    case Family::kUnix:
      return str_cat("unix:", path_);
    case Family::kIpv4:
      return str_cat(ip(), ":", std::to_string(port_));
    case Family::kIpv6:
      return str_cat("[", ip(), "]:", std::to_string(port_));
  }
  return "-";
}

socklen_t Address::to_sockaddr(sockaddr_storage& out) const {
  std::memset(&out, 0, sizeof(out));
  if (family_ == Family::kIpv4) {
    auto* in = reinterpret_cast<sockaddr_in*>(&out);
    in->sin_family = AF_INET;
    in->sin_port = htons(port_);
    std::memcpy(&in->sin_addr, ip_.data(), 4);
    return sizeof(sockaddr_in);
  }
  if (family_ == Family::kIpv6) {
    auto* in = reinterpret_cast<sockaddr_in6*>(&out);
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(port_);
    std::memcpy(&in->sin6_addr, ip_.data(), 16);
    return sizeof(sockaddr_in6);
  }
  auto* un = reinterpret_cast<sockaddr_un*>(&out);
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path, path_.data(), path_.size());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size() + 1);
}

size_t Address::hash() const noexcept {
  std::string_view ip(reinterpret_cast<const char*>(ip_.data()), ip_.size());
  return std::hash<std::string_view>{}(ip) ^ (std::hash<std::string>{}(path_)*31) ^
         (size_t{port_} * 0x9E3779B97F4A7C15U);
}
}  // namespace heddle
