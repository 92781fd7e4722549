#include "proxy/identity/svid_source.h"

namespace heddle {
std::string_view to_text(IdentityState state) noexcept {
  switch (state) {
    case IdentityState::kEmpty:
      return "empty";
    case IdentityState::kFetching:
      return "fetching";
    case IdentityState::kLive:
      return "live";
    case IdentityState::kRefreshing:
      return "refreshing";
    case IdentityState::kStale:
      return "stale";
    case IdentityState::kExpired:
      return "expired";
  }
  return "unknown";
}

std::string_view to_text(SvidHealth health) noexcept {
  switch (health) {
    case SvidHealth::kFresh:
      return "fresh";
    case SvidHealth::kRenew:
      return "renew";
    case SvidHealth::kWarn:
      return "warn";
    case SvidHealth::kExpired:
      return "expired";
  }
  return "unknown";
}
}  // namespace heddle
