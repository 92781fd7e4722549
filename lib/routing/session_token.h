// SessionToken: what a client carries of its session (GEP-1619): which backend set of which rule and which endpoint, as
// hashes, and its times. As text it is one version digit and 48 digits of lower-case hex, nothing else. It holds no
// address; every sidecar understands it without a shared secret, so who knows the addresses can make one. A made-up
// token chooses among the usable endpoints of a rule, and can only make its own session last longer. Pure, no
// allocation.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/base/address.h"
#include "lib/base/clock.h"
#include "lib/config/model.h"

namespace heddle {
struct SessionToken {
  uint64_t backend = 0;   // session_backend()
  uint64_t endpoint = 0;  // session_endpoint(); 0: none
  uint32_t begun = 0;     // seconds since 1970, until 2106
  uint32_t seen = 0;      // when an answer said it last
  bool operator==(const SessionToken&) const = default;
};

inline constexpr size_t kSessionTokenBytes = 1 + 2 * 16 + 2 * 8;
using SessionTokenText = std::array<char, kSessionTokenBytes>;
std::string_view format_session_token(const SessionToken&, SessionTokenText& room) noexcept;
// Nothing but what format_session_token() writes.
std::optional<SessionToken> parse_session_token(std::string_view) noexcept;
uint32_t session_seconds(WallTime) noexcept;
WallTime session_time(uint32_t seconds) noexcept;

// The same in every process, on every machine and in every version that writes the same version digit. None is 0.
// `key`: of a route or backend set.
uint64_t session_scope(const ResourceKey& key) noexcept;
// A backend set as the backend of a rule: rules share no sessions (GEP-1619), whatever their cookies are called.
// `rule`: its name, else its number.
uint64_t session_backend(uint64_t route_scope, std::string_view rule, uint64_t set_scope) noexcept;
uint64_t session_endpoint(uint64_t set_scope, const Address&) noexcept;
}  // namespace heddle
