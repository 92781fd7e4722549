// SessionPersistenceSpec: rules[].sessionPersistence of a route as its author wrote it (Gateway API GEP-1619). What
// becomes of it says lib/routing/session_persistence.h. Plain value, immutable once parsed.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/clock.h"

namespace heddle {
enum class SessionType : uint8_t { kNone, kCookie, kHeader };  // kNone: the rule asks for nothing
std::string_view to_text(SessionType) noexcept;                // "Cookie"

struct SessionPersistenceSpec {
  SessionType type = SessionType::kNone;
  std::string name;                  // of the cookie; of the header, in lower case; empty: one is made up
  std::optional<Duration> absolute;  // whole seconds, as the next one
  std::optional<Duration> idle;
  bool permanent = false;  // the cookie outlives the browser's session; then `absolute` is said
  bool operator==(const SessionPersistenceSpec&) const = default;
};

inline constexpr size_t kMaxSessionName = 128;              // GEP-1619
inline constexpr Duration kMaxSessionTime = 400 * 24 * 1h;  // what browsers keep a cookie for (RFC 6265bis §5.5)
}  // namespace heddle
