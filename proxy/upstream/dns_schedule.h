// DnsSchedule: one question to DNS over time: which of its records count now, and when to ask again. Pure: whoever owns
// it asks and tells it what came.
//   found    they count; again after their TTL, within the bounds
//   no-data  none count, at once: the name exists, and its owner took the records away
//   no-name  the records before count until a second no-name, asked for after the least TTL: a resolver says it by
//   mistake
//            for moments (a zone that is being loaded, a cluster's DNS that is not synced yet), and traffic would stop
//   failed   the records before count without end; again after 1 s, 2 s ... 30 s, each +-20 %
// Records that no client can use are left out and counted: 0.0.0.0 and ::, multicast, link-local IPv6 (it has no
// scope), IPv4 inside IPv6, port 0, a target that is no host name. Loopback and private addresses count: whoever names
// a host trusts its zone and the resolver.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/base/backoff.h"
#include "lib/event/dns_answer.h"

namespace heddle {
struct DnsTtlBounds {
  Duration least = 5s;
  Duration longest = 5min;
  auto operator<=>(const DnsTtlBounds&) const = default;
};

struct DnsRecords {  // sorted, each once
  std::vector<Address> addresses;
  std::vector<SrvRecord> services;
  size_t unusable = 0;
  bool operator==(const DnsRecords&) const = default;
};

class DnsSchedule {
 public:
  static constexpr BackoffSpec kRetry{1s, 2, 0.2, 30s};
  DnsSchedule(DnsTtlBounds bounds, Random& random) : bounds_(bounds), retry_(random, kRetry) {}
  // True: other records count now.
  bool on_answer(DnsAnswer, MonoTime now);
  const DnsRecords& records() const noexcept { return records_; }
  // From the last answer on.
  Duration again_after() const noexcept { return again_after_; }
  MonoTime next() const noexcept { return heard_at_ + again_after_; }
  bool is_heard() const noexcept { return heard_; }  // something came, be it a failure
  // Of the last answer that was no failure.
  std::optional<MonoTime> answered_at() const noexcept { return answered_at_; }
  Duration ttl() const noexcept { return ttl_; }  // as it said, before the bounds
  DnsAnswer::Kind kind() const noexcept { return kind_; }
  uint32_t failures() const noexcept { return failures_; }  // since then, in a row
  const std::string& why() const noexcept { return why_; }  // of the last of them

 private:
  void on_failure(std::string why);
  void on_records(DnsAnswer, MonoTime now);
  Duration bounded(Duration ttl) const;
  DnsTtlBounds bounds_;
  Backoff retry_;
  DnsRecords records_;
  Duration again_after_{};
  MonoTime heard_at_;
  bool heard_ = false;
  std::optional<MonoTime> answered_at_;
  Duration ttl_{};
  DnsAnswer::Kind kind_ = DnsAnswer::Kind::kFailed;
  uint32_t no_names_ = 0;  // in a row; failures say nothing
  uint32_t failures_ = 0;
  std::string why_;
};
}  // namespace heddle
