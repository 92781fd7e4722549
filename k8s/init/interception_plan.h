// InterceptionPlan: which connections of a pod come to the sidecar, as said by the options of heddle-init, and the
// rules that make it so, without the words of nftables or iptables. Pure values.
//
// Rules of a chain are judged in order; the first one that matches counts. `return` leaves the connection alone.
// What is not TCP is never touched.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "k8s/init/ip_block.h"
#include "k8s/init/number_ranges.h"

namespace heddle {
struct InterceptionPlan {
  uint16_t inbound_port = 15006;   // of the sidecar's listener for connections into the pod
  uint16_t outbound_port = 15001;  // of its listener for connections of the application
  uint32_t proxy_uid = 2102;       // whose connections are never redirected: the guard against loops
  std::optional<uint32_t> proxy_gid;
  NumberRanges skip_inbound_ports;
  NumberRanges skip_outbound_ports;
  NumberRanges only_inbound_ports;   // empty: every port
  NumberRanges only_outbound_ports;  // empty: every port
  IpBlocks skip_inbound_cidrs;       // by source
  IpBlocks skip_outbound_cidrs;      // by destination
  NumberRanges skip_uids;
  std::vector<std::string> skip_interfaces;  // incoming and outgoing
  bool ipv6 = true;                          // false: IPv6 is not redirected
};

// One rule; of the matches at most one is set, none is: every TCP connection.
struct InterceptionRule {
  enum class Chain : uint8_t { kInbound, kOutbound };
  Chain chain = Chain::kInbound;
  std::string name;  // its reason, which nftables and iptables keep as a comment: "heddle/out/proxy-user"
  std::vector<std::string> interfaces;
  NumberRanges uids;
  NumberRanges gids;
  NumberRanges ports;  // destination
  IpBlocks blocks;     // inbound: source, outbound: destination
  bool every_ipv6 = false;
  uint16_t redirect_to = 0;  // 0: return
};

// In the order in which they are judged, inbound first.
std::vector<InterceptionRule> rules_of(const InterceptionPlan&);

// Ports of the sidecar itself, which connections from outside reach directly: health and metrics must answer without
// mutual TLS, and the admin page must not be reached by way of an inbound listener that forwards to localhost.
NumberRanges own_ports(const InterceptionPlan&);

// Where the self-check connects to: an address that nobody has (RFC 5737, RFC 3849) and that the plan redirects.
// Nothing where the plan redirects none of them.
std::optional<Address> probe_target(const InterceptionPlan&, IpVersion);

// Why a process of these ids cannot tell whether connections are redirected, because its own are not.
Result<void> can_probe_as(const InterceptionPlan&, uint32_t uid, uint32_t gid);
}  // namespace heddle
