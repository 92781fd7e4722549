// DnsLookup: one question to DNS, by record type, with the time its answer may be kept. An interface, so that who asks
// is tested without a network; DnsResolver is the real one. DnsAnswer is a pure value. Belongs to one loop.
#pragma once
#include <string>
#include <vector>

#include "lib/base/address.h"
#include "lib/base/clock.h"
#include "lib/base/operation.h"
#include "lib/base/unique_function.h"

namespace heddle {
enum class DnsRecordType : uint8_t { kA, kAaaa, kSrv };
constexpr std::string_view to_text(DnsRecordType type) noexcept {
  constexpr std::string_view kNames[] = {"A", "AAAA", "SRV"};
  return kNames[static_cast<size_t>(type)];
}

struct DnsQuestion {
  std::string name;  // absolute, without the dot at its end
  DnsRecordType type = DnsRecordType::kA;
  auto operator<=>(const DnsQuestion&) const = default;
};

struct SrvRecord {     // RFC 2782
  std::string target;  // lower case, without the dot at its end; empty: "." (there is no such service)
  uint16_t port = 0;
  uint16_t priority = 0;
  uint16_t weight = 0;
  auto operator<=>(const SrvRecord&) const = default;
};

struct DnsAnswer {
  enum class Kind : uint8_t {
    kFound,   // at least one record
    kNoData,  // the name exists, records of this type do not (RFC 2308 §2.2)
    kNoName,  // the name does not exist: NXDOMAIN (§2.1)
    kFailed,  // nobody knows: SERVFAIL, REFUSED, no answer in time, an answer that cannot be read
  };
  Kind kind = Kind::kFailed;
  std::vector<Address> addresses;  // of A and AAAA, with port 0, in the order of the message
  std::vector<SrvRecord> services;
  // How long it may be kept: the least TTL of the records, aliases included; of a negative answer that of its SOA
  // (RFC 2308 §5), zero without one. A TTL beyond 2^31-1 is zero (RFC 2181 §8).
  Duration ttl{};
  std::string why;  // of kFailed: "timeout", "servfail", "refused", "no-server", "malformed" ...
  bool operator==(const DnsAnswer&) const = default;
};
constexpr std::string_view to_text(DnsAnswer::Kind kind) noexcept {
  constexpr std::string_view kNames[] = {"found", "no-data", "no-name", "failed"};
  return kNames[static_cast<size_t>(kind)];
}

class DnsLookup {
 public:
  using OnAnswer = UniqueFunction<void(DnsAnswer)>;
  virtual ~DnsLookup() = default;
  // Answers once, from the loop; destroying the token guarantees silence.
  [[nodiscard]] virtual Pending ask(const DnsQuestion&, OnAnswer) = 0;
};
}  // namespace heddle
