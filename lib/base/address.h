// Address: IPv4 or IPv6 with a port, or a Unix socket path. Pure value, no uv. Parsing resolves no names.
#pragma once
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace heddle {
class Address {
 public:
  enum class Family : uint8_t { kNone, kIpv4, kIpv6, kUnix };
  Address() = default;
  // "127.0.0.1:80", "[::1]:80", "unix:/absolute/path". A port is required; 0 is allowed (listen: any).
  static Result<Address> parse(std::string_view text);
  // "127.0.0.1" or "::1" with a port given apart.
  static Result<Address> from_ip(std::string_view ip, uint16_t port);
  static Result<Address> from_unix(std::string_view path);
  static Address from_sockaddr(const sockaddr*);
  static Address loopback(uint16_t port);  // 127.0.0.1

  Family family() const noexcept { return family_; }
  bool is_set() const noexcept { return family_ != Family::kNone; }
  bool is_ip() const noexcept { return family_ == Family::kIpv4 || family_ == Family::kIpv6; }
  bool is_loopback() const noexcept;
  uint16_t port() const noexcept { return port_; }
  Address with_port(uint16_t port) const;
  // What limits take for one source, without port: an IPv4 address, the /64 of an IPv6 one (its rest is zero).
  Address source() const;
  std::string ip() const;  // without port or brackets; empty for Unix
  // The same without allocation.
  using IpText = std::array<char, INET6_ADDRSTRLEN>;
  std::string_view ip(IpText& room) const noexcept;
  const std::string& path() const noexcept { return path_; }
  std::string text() const;  // what parse() reads
  // Fills `out` and returns its length; for connect(2) and bind(2).
  socklen_t to_sockaddr(sockaddr_storage& out) const;
  size_t hash() const noexcept;
  auto operator<=>(const Address&) const = default;

 private:
  Family family_ = Family::kNone;
  uint16_t port_ = 0;
  std::array<uint8_t, 16> ip_{};
  std::string path_;
};
}  // namespace heddle

template <>
struct std::hash<heddle::Address> {
  size_t operator()(const heddle::Address& a) const noexcept { return a.hash(); }
};
