// HostAddress: where a server is that operators name: an address, or a DNS name with a port that is looked up when it
// is dialled (named_connector.h). Pure value.
#pragma once
#include <string>
#include <string_view>

#include "lib/base/address.h"

namespace heddle {
class HostAddress {
 public:
  HostAddress() = default;
  HostAddress(Address address) : address_(std::move(address)) {}  // NOLINT: an address is one
  // What Address::parse() reads, or "heddle-control.heddle-system.svc:15010". Names: letters, digits, '-', '_', at most
  // 253 bytes, and not all of the last part digits, so that a wrong IPv4 address is none. kConfigInvalid.
  static Result<HostAddress> parse(std::string_view text);

  bool is_name() const noexcept { return !host_.empty(); }
  const std::string& host() const noexcept { return host_; }
  uint16_t port() const noexcept { return is_name() ? port_ : address_.port(); }
  const Address& address() const noexcept { return address_; }  // unless is_name()
  std::string text() const;                                     // what parse() reads
  bool operator==(const HostAddress&) const = default;

 private:
  Address address_;
  std::string host_;
  uint16_t port_ = 0;
};
}  // namespace heddle
