#include "lib/event/dns_message.h"

#include <ares.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kHeader = 12;  // RFC 1035 §4.1.1
constexpr uint16_t kSoa = 6;

struct AresFree {
  void operator()(void* data) const noexcept { ares_free_data(data); }
};

std::string_view failure(int status) {
  switch (status) {
    case ARES_ETIMEOUT:
      return "timeout";
    case ARES_ESERVFAIL:
      return "servfail";
    case ARES_EREFUSED:
      return "refused";
    case ARES_ECONNREFUSED:
      return "no-server";  // of several: each gave an error, or could not be reached
    case ARES_ENOTIMP:
      return "not-implemented";
    case ARES_EFORMERR:
      return "format-error";
    default:
      return "malformed";
  }
}

DnsAnswer failed(std::string_view why) {
  DnsAnswer out;
  out.why = why;
  return out;
}

// One resource record, as far as TTLs go.
struct Record {
  uint16_t type = 0;
  uint32_t ttl = 0;
  std::span<unsigned char> data;
};

class Walker {
 public:
  explicit Walker(std::span<unsigned char> message) : message_(message) {}
  uint16_t count(size_t section) { return number16(4 + 2 * section); }
  bool skip_question() { return skip_name() && skip(4); }
  std::optional<Record> next() {
    if (!skip_name() || left() < 10) return std::nullopt;
    Record out{number16(at_), number32(at_ + 4), {}};
    size_t length = number16(at_ + 8);
    skip(10);
    if (left() < length) return std::nullopt;
    out.data = message_.subspan(at_, length);
    skip(length);
    return out;
  }
  uint16_t number16(size_t at) const { return static_cast<uint16_t>(message_[at] << 8 | message_[at + 1]); }
  uint32_t number32(size_t at) const { return static_cast<uint32_t>(number16(at)) << 16 | number16(at + 2); }

 private:
  size_t left() const { return message_.size() - at_; }
  bool skip(size_t bytes) {
    if (left() < bytes) return false;
    at_ += bytes;
    return true;
  }
  // Labels until the empty one or the first pointer (RFC 1035 §4.1.4): where a pointer leads to is nobody's business
  // here.
  bool skip_name() {
    while (left() > 0) {
      size_t label = message_[at_];
      if (label >= 0xc0) return skip(2);
      if (label > 63 || !skip(1 + label)) return false;
      if (label == 0) return true;
    }
    return false;
  }
  std::span<unsigned char> message_;
  size_t at_ = kHeader;
};

constexpr uint32_t kLongestTtl = 0x7fffffff;
uint32_t sane(uint32_t ttl) { return ttl > kLongestTtl ? 0 : ttl; }

// Of the answers, and of the SOA in the authority section: the lesser of its own TTL and its last field.
struct Ttls {
  std::optional<uint32_t> answer;
  std::optional<uint32_t> negative;
};

uint32_t soa_minimum(const Record& soa) {
  if (soa.data.size() < 22) return 0;
  std::span<unsigned char> end = soa.data.last(4);
  return sane(static_cast<uint32_t>(end[0]) << 24 | static_cast<uint32_t>(end[1]) << 16 |
              static_cast<uint32_t>(end[2]) << 8 | end[3]);
}

Ttls read_ttls(std::span<unsigned char> message) {
  Ttls out;
  if (message.size() < kHeader) return out;
  Walker walker(message);
  for (int left = walker.count(0); left > 0; --left) {
    if (!walker.skip_question()) return out;
  }
  for (int left = walker.count(1); left > 0; --left) {
    auto record = walker.next();
    if (!record) return out;
    out.answer = std::min(out.answer.value_or(kLongestTtl), sane(record->ttl));
  }
  for (int left = walker.count(2); left > 0; --left) {
    auto record = walker.next();
    if (!record) return out;
    if (record->type == kSoa) out.negative = std::min(sane(record->ttl), soa_minimum(*record));
  }
  return out;
}

template <class Row, class Sockaddr>
void add_addresses(const std::vector<Row>& rows, int count, Sockaddr to_sockaddr, DnsAnswer& out) {
  for (int i = 0; i < count; ++i) {
    auto sockaddr = to_sockaddr(rows[static_cast<size_t>(i)]);
    out.addresses.push_back(Address::from_sockaddr(reinterpret_cast<const struct sockaddr*>(&sockaddr)));
  }
}

int read_ipv4(std::span<unsigned char> message, DnsAnswer& out) {
  std::vector<ares_addrttl> rows(kMaxDnsRecords);
  auto count = static_cast<int>(rows.size());
  int status = ares_parse_a_reply(message.data(), static_cast<int>(message.size()), nullptr, rows.data(), &count);
  if (status != ARES_SUCCESS) return status;
  auto convert = [](const ares_addrttl& row) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr = row.ipaddr;
    return at;
  };
  add_addresses(rows, count, convert, out);
  return status;
}

int read_ipv6(std::span<unsigned char> message, DnsAnswer& out) {
  std::vector<ares_addr6ttl> rows(kMaxDnsRecords);
  auto count = static_cast<int>(rows.size());
  int status = ares_parse_aaaa_reply(message.data(), static_cast<int>(message.size()), nullptr, rows.data(), &count);
  if (status != ARES_SUCCESS) return status;
  auto convert = [](const ares_addr6ttl& row) {
    sockaddr_in6 at{};
    at.sin6_family = AF_INET6;
    std::copy(std::begin(row.ip6addr._S6_un._S6_u8), std::end(row.ip6addr._S6_un._S6_u8), at.sin6_addr.s6_addr);
    return at;
  };
  add_addresses(rows, count, convert, out);
  return status;
}

int read_services(std::span<unsigned char> message, DnsAnswer& out) {
  ares_srv_reply* raw = nullptr;
  int status = ares_parse_srv_reply(message.data(), static_cast<int>(message.size()), &raw);
  std::unique_ptr<ares_srv_reply, AresFree> list(raw);
  if (status != ARES_SUCCESS) return status;
  for (const ares_srv_reply* at = raw; at != nullptr && out.services.size() < kMaxDnsRecords; at = at->next) {
    std::string target = to_lower(at->host);
    if (target.ends_with('.')) target.pop_back();
    out.services.push_back({std::move(target), at->port, at->priority, at->weight});
  }
  return status;
}

int read_records(DnsRecordType type, std::span<unsigned char> message, DnsAnswer& out) {
  if (type == DnsRecordType::kSrv) return read_services(message, out);
  return type == DnsRecordType::kA ? read_ipv4(message, out) : read_ipv6(message, out);
}
}  // namespace

DnsAnswer read_dns_answer(DnsRecordType type, int status, std::span<unsigned char> message) {
  DnsAnswer out;
  if (status == ARES_SUCCESS) status = read_records(type, message, out);
  bool is_found = status == ARES_SUCCESS && !(out.addresses.empty() && out.services.empty());
  bool is_negative = status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND;
  if (!is_negative) return failed(failure(status));
  Ttls ttls = read_ttls(message);
  out.kind = is_found                   ? DnsAnswer::Kind::kFound
             : status == ARES_ENOTFOUND ? DnsAnswer::Kind::kNoName
                                        : DnsAnswer::Kind::kNoData;
  out.ttl = std::chrono::seconds((is_found ? ttls.answer : ttls.negative).value_or(0));
  return out;
}
}  // namespace heddle
