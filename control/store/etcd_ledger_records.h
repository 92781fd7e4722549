// The ledger's records in etcd, below <prefix>ledger/:
//   join/<SHA-256, hex>, admin/<SHA-256, hex>   a token, as JSON
//   join-id/<id>, admin-id/<id>                 the hash, hex: an id exists once
//   lineage/<id, 19 digits>                     as JSON
//   meta/<name>                                 the document itself
// Strict: what is not as this Heddle writes it is kIo ("the store is damaged: <key>..."), or kUnsupported if a newer
// one wrote it. Pure.
#pragma once
#include <string>
#include <string_view>

#include "control/store/ledger.h"
#include "lib/base/result.h"

namespace heddle {
inline constexpr std::string_view kLedgerJoin = "join/";
inline constexpr std::string_view kLedgerJoinId = "join-id/";
inline constexpr std::string_view kLedgerAdmin = "admin/";
inline constexpr std::string_view kLedgerAdminId = "admin-id/";
inline constexpr std::string_view kLedgerLineage = "lineage/";
inline constexpr std::string_view kLedgerMeta = "meta/";

std::string ledger_join_key(const Sha256Digest&);
std::string ledger_admin_key(const Sha256Digest&);
std::string ledger_lineage_key(int64_t id);  // positive

std::string encode(const JoinToken&);
std::string encode(const AdminTokenRow&);
std::string encode(const Lineage&);  // without its id, which the key says
Result<JoinToken> decode_join_token(std::string_view key, std::string_view value);
Result<AdminTokenRow> decode_admin_token(std::string_view key, std::string_view value);
Result<Lineage> decode_lineage(std::string_view key, std::string_view value);
}  // namespace heddle
