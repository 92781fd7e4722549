// Records -> endpoints. Pure.
#pragma once
#include <string>
#include <vector>

#include "lib/config/model.h"
#include "lib/event/dns_answer.h"

namespace heddle {
// Limits: beyond them, in the order of names and of addresses, records are left out and counted.
inline constexpr size_t kMaxDnsEndpoints = 1000;  // of one backend set
inline constexpr size_t kMaxDnsTargets = 100;     // of its SRV records

struct ResolvedEndpoint {
  Address address;
  uint32_t weight = 1;
  auto operator<=>(const ResolvedEndpoint&) const = default;
};

struct ResolvedEndpoints {
  std::vector<ResolvedEndpoint> endpoints;  // sorted by address, each once
  size_t left_out = 0;
  bool operator==(const ResolvedEndpoints&) const = default;
};

// Whom a set's SRV records mean now: of the lowest priority number only (RFC 2782; the others are not used, not even
// when none of these answers). Sorted.
struct SrvChoice {
  std::vector<SrvRecord> targets;
  size_t left_out = 0;
};
SrvChoice choose_srv(const std::vector<SrvRecord>& records);

// One host with its addresses (port 0), and how it is to be used.
struct DnsHost {
  std::vector<Address> addresses;
  uint16_t port = 0;
  uint32_t weight = 0;  // of SRV
};
// One host: its addresses alike. Several: each host gets its share of traffic by weight, divided among its addresses; a
// weight of 0 beside others is a very small one (RFC 2782), and all 0 is all alike. An address that two hosts have gets
// both shares.
ResolvedEndpoints merge_hosts(const std::vector<DnsHost>&);

// The specification as balancers and checks shall have it: with what was found (nullptr: nothing yet) as its endpoints.
// A set that is not looked up is given back as it is.
using BackendSetSpecPtr = std::shared_ptr<const BackendSetSpec>;
BackendSetSpecPtr with_endpoints(const BackendSetSpecPtr&, const ResolvedEndpoints*);
}  // namespace heddle
