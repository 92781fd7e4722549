// Tokens of the configuration API: "heddle_" and 256 random bits, so that scanners for secrets know one when they see
// it. Kept as SHA-256 only. What a stored row says: who it is, what it may do, and until when. Pure, but for the
// random bits.
#pragma once
#include "control/api/access.h"
#include "control/store/ledger.h"

namespace heddle {
inline constexpr std::string_view kAccessTokenPrefix = "heddle_";
inline constexpr size_t kMaxAccessTokenText = 128;

inline constexpr size_t kMaxAccessTokens = 1000;
inline constexpr Duration kKeepExpiredToken = 24h * 7;  // so that who used it sees why it ended

std::string new_access_token();

// A row without grants is of an older Heddle, where there was the role "admin" only. kInternal: nobody can say what it
// may do, so it may do nothing.
Result<AccessGrants> grants_of(const AdminTokenRow&);
bool has_expired(const AdminTokenRow&, WallTime now) noexcept;
// Who must go so that a token of this name can come: who expired long ago, and one of its name that has expired.
// kConflict: the name is taken, or there are too many.
Result<std::vector<std::string>> room_for_token(const std::vector<AdminTokenRow>&, std::string_view name, WallTime now);
// May do everything, for ever.
bool is_lasting_admin(const AdminTokenRow&);
}  // namespace heddle
