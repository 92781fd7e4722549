// Paths of AuthorizationPolicies against paths of requests. Both are compared percent-decoded (RFC 3986 §6.2.2.2), in
// two readings: letter by letter, and as lenient applications read them: `//` as `/`, without `;parameters` of
// segments, without a `/` at the end. Where the readings disagree nobody knows what the application will do, and the
// answer is kUnknown. Templates have segments {*} and {name}, any one that is not empty, and at the end {**}: any
// number, also none. Linear in the path. Never judged here: dot segments, %2f and %5c, which lib/http refuses. Pure,
// allocation-free.
#pragma once
#include <string_view>

#include "lib/config/model.h"

namespace heddle {
// What three-valued logic makes of a condition: an allow rule needs kYes, a deny rule is content with kUnknown.
enum class AuthzMatch : uint8_t { kNo, kUnknown, kYes };

// `path` with or without query.
AuthzMatch match_authz_path(const PathMatch&, std::string_view path) noexcept;
}  // namespace heddle
