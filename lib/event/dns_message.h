// What c-ares says and leaves unsaid of one answer -> DnsAnswer. c-ares reads the records; the TTLs of SRV records and
// of negative answers it does not tell, so that these are read here, within bounds. Pure. Private to lib/event.
#pragma once
#include <span>

#include "lib/event/dns_answer.h"

namespace heddle {
// `status`: of c-ares (ares.h); `message`: the answer as it came, may be empty. At most kMaxDnsRecords are read.
DnsAnswer read_dns_answer(DnsRecordType, int status, std::span<unsigned char> message);

inline constexpr size_t kMaxDnsRecords = 4096;  // of one answer: as many A records as 64 KiB hold
}  // namespace heddle
