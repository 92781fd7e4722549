#include "proxy/identity/svid_source.h"

#include "certs/peer_certificate.h"

namespace heddle {
void describe(const TlsIdentity& identity, WallTime now, IdentityStatus& out) {
  const Svid& svid = *identity.svid;
  out.id = svid.id.text();
  out.serial = serial_of(svid.chain.front().get());
  out.issued_at = svid.issued_at;
  out.not_after = svid.not_after;
  out.health = svid_health(now, svid.issued_at, svid.not_after);
  size_t domains = identity.bundle->domains().size();
  out.federated = identity.bundle->find(svid.id.trust_domain_name()) == nullptr ? domains : domains - 1;
}

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
