// An answer of a DNS server: what is taken from it for a question about addresses or services.
#include "lib/event/dns_message.h"

#include <ares.h>

#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
HEDDLE_FUZZ_TARGET(dns_message, input) {
  constexpr int kStatuses[] = {ARES_SUCCESS, ARES_ENODATA, ARES_ENOTFOUND, ARES_ESERVFAIL};
  auto type = static_cast<DnsRecordType>(take_choice(input, 3));
  int status = kStatuses[take_choice(input, 4)];
  std::string bytes(input);
  std::span<unsigned char> message(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size());

  DnsAnswer found = read_dns_answer(type, status, message);

  bool has_records = !found.addresses.empty() || !found.services.empty();
  expect(has_records == (found.kind == DnsAnswer::Kind::kFound), "records are found, or there are none");
  expect(found.addresses.empty() || type != DnsRecordType::kSrv, "a question has answers of its type");
  expect(found.services.empty() || type == DnsRecordType::kSrv, "a question has answers of its type");
  expect(found.addresses.size() <= kMaxDnsRecords && found.services.size() <= kMaxDnsRecords, "answers are bounded");
  expect(found.addresses.size() + found.services.size() <= bytes.size() / 10, "each record has bytes of its own");
  expect(found.ttl >= Duration{} && found.ttl <= std::chrono::seconds(0x7fffffff), "a TTL is 31 bits (RFC 2181)");
  expect(found.why.empty() == (found.kind != DnsAnswer::Kind::kFailed), "a failure has a word");
  expect_same(bytes, input, "a message is only read");
  for (const Address& address : found.addresses) expect(address.is_ip(), "an address is one");
}
}  // namespace heddle::fuzz
