#include "proxy/upstream/dns_schedule.h"

#include <algorithm>
#include <utility>

#include "lib/config/dns_source.h"

namespace heddle {
namespace {
bool is_usable_ipv4(const in_addr& address) {
  uint32_t host = ntohl(address.s_addr);
  return host >> 24 != 0 && host >> 28 < 0xe;  // RFC 1122 §3.2.1.3: this host; multicast, reserved, broadcast
}

bool is_usable_ipv6(const in6_addr& address) {
  bool is_local = IN6_IS_ADDR_LINKLOCAL(&address);
  bool holds_ipv4 = IN6_IS_ADDR_V4MAPPED(&address) || (IN6_IS_ADDR_V4COMPAT(&address) != 0);
  return !IN6_IS_ADDR_UNSPECIFIED(&address) && !IN6_IS_ADDR_MULTICAST(&address) && !is_local && !holds_ipv4;
}

bool is_usable(const Address& address) {
  sockaddr_storage room{};
  address.to_sockaddr(room);
  if (room.ss_family == AF_INET) return is_usable_ipv4(reinterpret_cast<const sockaddr_in&>(room).sin_addr);
  return room.ss_family == AF_INET6 && is_usable_ipv6(reinterpret_cast<const sockaddr_in6&>(room).sin6_addr);
}

bool is_usable(const SrvRecord& record) {
  return record.port != 0 && !record.target.empty() && dns_name_mistake(record.target, false).empty();
}

template <class T>
size_t tidy(std::vector<T>& records) {
  size_t unusable = std::erase_if(records, [](const T& record) { return !is_usable(record); });
  std::sort(records.begin(), records.end());
  records.erase(std::unique(records.begin(), records.end()), records.end());
  return unusable;
}
}  // namespace

bool DnsSchedule::on_answer(DnsAnswer answer, MonoTime now) {
  DnsRecords before = records_;
  heard_ = true;
  heard_at_ = now;
  if (answer.kind == DnsAnswer::Kind::kFailed) {
    on_failure(std::move(answer.why));
  } else {
    on_records(std::move(answer), now);
  }
  return records_ != before;
}

void DnsSchedule::on_failure(std::string why) {
  ++failures_;
  why_ = std::move(why);
  again_after_ = retry_.next();
}

void DnsSchedule::on_records(DnsAnswer answer, MonoTime now) {
  kind_ = answer.kind;
  answered_at_ = now;
  ttl_ = answer.ttl;
  failures_ = 0;
  why_.clear();
  retry_.reset();
  again_after_ = bounded(answer.ttl);
  no_names_ = answer.kind == DnsAnswer::Kind::kNoName ? no_names_ + 1 : 0;
  bool had_some = !records_.addresses.empty() || !records_.services.empty();
  if (no_names_ == 1 && had_some) {
    again_after_ = bounds_.least;
    return;
  }
  records_.addresses = std::move(answer.addresses);
  records_.services = std::move(answer.services);
  records_.unusable = tidy(records_.addresses) + tidy(records_.services);
}

Duration DnsSchedule::bounded(Duration ttl) const { return std::clamp(ttl, bounds_.least, bounds_.longest); }
}  // namespace heddle
