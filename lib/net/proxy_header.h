// The PROXY protocol, versions 1 (a line of text) and 2 (binary): what a balancer writes in front of a connection it
// forwards, to say between whom the connection is. Source: haproxy's doc/proxy-protocol.txt, sections 2.1 and 2.2;
// where it leaves a choice we refuse. Pure: a function of the first bytes, and its reverse; belongs to no loop.
//
// Whoever reaches a port that reads such headers may claim any address (section 2): it is for balancers only.
#pragma once
#include <optional>
#include <string>

#include "lib/base/address.h"
#include "lib/base/bytes.h"

namespace heddle {
enum class ProxyVersion : uint8_t { kV1, kV2 };

// Between whom the forwarded connection is; both of one family, IPv4 or IPv6.
struct ProxyEnds {
  Address source;
  Address destination;
  bool operator==(const ProxyEnds&) const = default;
};

struct ProxyHeader {
  size_t length = 0;  // bytes to skip; the next one is the application's, or of TLS
  // Absent: the ends of the connection itself count. So it is for UNKNOWN, LOCAL (the balancer's own check), UNSPEC,
  // and for Unix sockets and datagrams, which section 2.2 lets us treat as UNSPEC.
  std::optional<ProxyEnds> ends;
};

inline constexpr size_t kMaxProxyLine = 107;   // bytes of a version 1 header with its CRLF
inline constexpr size_t kMaxProxyBlock = 536;  // bytes of addresses and TLVs of a version 2 header
inline constexpr size_t kMaxProxyHeader = 16 + kMaxProxyBlock;

// `prefix`: the first bytes of a connection; more than kMaxProxyHeader are never looked at. nullopt: more are needed.
// kProxyHeaderInvalid names what is wrong, as soon as no further byte could mend it. Once it gives a verdict, more
// bytes do not change it. Of the TLVs of version 2 the lengths are checked, and CRC32C where it stands; the rest is
// skipped.
Result<std::optional<ProxyHeader>> read_proxy_header(Bytes prefix);

// What read_proxy_header() reads. Ends that are not both IPv4 or both IPv6 are told as unknown.
std::string write_proxy_header(ProxyVersion, const ProxyEnds&);
}  // namespace heddle
