// DnsSource: the name whose records are the endpoints of a BackendSet (spec.dns). The control plane and the command
// line only check it; a sidecar that holds the set looks it up (proxy/upstream/dns_sets.h). Pure value.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "certs/spiffe_id.h"
#include "lib/base/clock.h"

namespace heddle {
// kAddress: A and AAAA. kSrv: SRV (RFC 2782), then A and AAAA of its targets.
enum class DnsType : uint8_t { kAddress, kSrv };
std::string_view to_text(DnsType) noexcept;  // "address", "srv"

struct DnsSource {
  std::string name;   // absolute, lower case, without the dot at its end
  uint16_t port = 0;  // of kAddress; SRV records have ports of their own
  DnsType type = DnsType::kAddress;
  Duration min_ttl = 5s;
  Duration max_ttl = 5min;
  std::optional<SpiffeId> identity;  // of every endpoint that is found
  bool operator==(const DnsSource&) const = default;
};

// What is wrong with a name to look up; empty: nothing. Labels of RFC 952 and RFC 1123 §2.1 (letters in lower case,
// digits, '-' inside), each at most 63 bytes and all 253. The last one is no number: that would be an address. With
// `underscores` a label may begin with one, as _http._tcp does (RFC 2782, RFC 8552); the last two may not.
std::string_view dns_name_mistake(std::string_view name, bool underscores) noexcept;

inline constexpr size_t kMaxDnsSets = 1000;  // of a configuration
}  // namespace heddle
