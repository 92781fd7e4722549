// Answers of DNS as the decisions about backend sets see them. Pure.
#pragma once
#include <initializer_list>
#include <string_view>

#include "lib/event/dns_answer.h"

namespace heddle {
inline DnsAnswer dns_answer(DnsAnswer::Kind kind, Duration ttl = 30s) {
  DnsAnswer out;
  out.kind = kind;
  out.ttl = ttl;
  return out;
}
inline DnsAnswer dns_addresses(std::initializer_list<std::string_view> ips, Duration ttl = 30s) {
  DnsAnswer out = dns_answer(DnsAnswer::Kind::kFound, ttl);
  for (std::string_view ip : ips) out.addresses.push_back(*Address::from_ip(ip, 0));
  return out;
}
}  // namespace heddle
