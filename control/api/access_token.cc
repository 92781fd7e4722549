#include "control/api/access_token.h"

#include <algorithm>
#include <array>

#include "lib/base/bytes.h"
#include "lib/base/random.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kRandomBytes = 32;  // 256 bit
constexpr std::string_view kAdminRole = "admin";
}  // namespace

std::string new_access_token() {
  std::array<std::byte, kRandomBytes> bytes{};
  secure_random(bytes);
  return str_cat(kAccessTokenPrefix, to_base64url(bytes));
}

Result<AccessGrants> grants_of(const AdminTokenRow& row) {
  if (row.grants.empty() && row.role == kAdminRole) return AccessGrants{{AccessRole::kAdmin, true}};
  Result<AccessGrants> grants = parse_grants(row.grants);
  if (!grants) return std::move(grants).error().within(str_cat("the token ", row.id));
  return grants;
}

bool has_expired(const AdminTokenRow& row, WallTime now) noexcept { return row.expires && *row.expires <= now; }

Result<std::vector<std::string>> room_for_token(const std::vector<AdminTokenRow>& rows, std::string_view name,
                                                WallTime now) {
  std::vector<std::string> past;
  for (const AdminTokenRow& row : rows) {
    if (has_expired(row, row.id == name ? now : now - kKeepExpiredToken)) {
      past.push_back(row.id);
    } else if (row.id == name) {
      return make_error(Reason::kConflict,
                        str_cat("there is a token ", name, " already: revoke it first, or take another name"),
                        Origin::kDownstream);
    }
  }
  size_t kept = rows.size() - past.size();
  if (kept < kMaxAccessTokens) return past;
  return make_error(Reason::kConflict,
                    str_cat("there are ", std::to_string(kept), " tokens already: revoke those that nobody uses"),
                    Origin::kDownstream);
}

bool is_lasting_admin(const AdminTokenRow& row) {
  if (row.expires) return false;
  Result<AccessGrants> grants = grants_of(row);
  return grants && std::ranges::any_of(*grants, [](const AccessGrant& grant) {
           return grant.role == AccessRole::kAdmin && grant.everywhere;
         });
}
}  // namespace heddle
