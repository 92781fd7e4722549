// The ledger's records as the data of one Secret: an entry for each record. The key is the record's, with "_" and two
// hex digits for each byte that a Secret's key cannot have ("join/ab" is "join_2fab"). Entries that are none of ours
// are skipped, and never written. Pure.
#pragma once
#include "control/store/etcd_ledger_plan.h"
#include "lib/base/json.h"

namespace heddle {
// A Secret has at most 1 MiB of data; what is beside it takes a little.
inline constexpr size_t kMaxLedgerSecret = 1'000'000;

std::string secret_key(std::string_view record);
std::optional<std::string> record_key(std::string_view secret);

// kUpstreamProtocolError: it is no Secret.
Result<EtcdMirrorRecords> read_ledger_secret(const JsonValue& secret);
// What there is room for: keys and values as they are kept.
size_t ledger_secret_bytes(const EtcdMirrorRecords&);
// POST: an empty one, which says what it is.
std::string new_ledger_secret(std::string_view namespace_name, std::string_view name);
// A merge patch that holds only on the condition of `resource_version`.
std::string ledger_patch(std::string_view resource_version, const EtcdLedgerPlan::Changes&);
}  // namespace heddle
