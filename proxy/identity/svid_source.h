// IdentitySource: where this sidecar's certificate, key and trust bundle come from. Publishes them ready for TLS
// whenever they change; an identity that was published stays until a better one is there. Belongs to the main loop;
// identities() may be subscribed to from any loop. One interface, several sources: files, the control plane.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "certs/rotation.h"
#include "lib/event/latest.h"
#include "lib/tls/tls_context.h"
#include "proxy/identity/federated_roots.h"

namespace heddle {
enum class IdentityState : uint8_t {
  kEmpty,       // nothing yet, and nothing under way
  kFetching,    // the first one is being asked for
  kLive,        // valid
  kRefreshing,  // valid, a new one is being asked for
  kStale,       // valid, but the last renewal failed
  kExpired,     // no handshake succeeds any more
};
std::string_view to_text(IdentityState) noexcept;
std::string_view to_text(SvidHealth) noexcept;

struct IdentityStatus {
  IdentityState state = IdentityState::kEmpty;
  std::optional<SvidHealth> health;  // nothing without an SVID
  std::string id;
  std::string serial;
  std::optional<WallTime> issued_at;
  std::optional<WallTime> not_after;
  std::string last_error;  // of the last try that failed; empty after a success
  // Other trust domains: how many are believed, and of how many the newest bundle was refused.
  size_t federated = 0;
  size_t federated_refused = 0;
  // Why the sidecar is not ready, for /readyz and the status; empty when it can handshake.
  std::string not_ready;
};

// Fills in what the identity in use says of itself: id, serial, times, health, federated domains.
void describe(const TlsIdentity&, WallTime now, IdentityStatus&);

// How often the certificate was renewed, by outcome; only grows. kNone: a new one replaced an old one (the first is no
// renewal); else the reason of a try that failed, those for the first one included.
using RotationCounts = std::array<uint64_t, static_cast<size_t>(Reason::kCount)>;
inline void count(RotationCounts& counts, Reason outcome) noexcept { ++counts[static_cast<size_t>(outcome)]; }

// What the control plane says about trust: the whole of it each time.
struct TrustNews {
  DomainRoots::Ptr roots;   // whom of our own domain to trust from now on
  std::string signer;       // pin of the root that signs now
  Duration renew_within{};  // for who has a certificate of another root
  FederatedRoots federated{};
};

class IdentitySource {
 public:
  virtual ~IdentitySource() = default;
  virtual void start() = 0;   // once; publishes from the loop
  virtual void reload() = 0;  // SIGHUP: look again now
  virtual void on_trust(const TrustNews&) = 0;
  // A restart would find this identity, or nothing is kept across restarts at all. What is not kept must not be counted
  // on: `on_kept` runs on the loop when it is. Set before start().
  virtual bool is_kept(const TlsIdentity&) const noexcept = 0;
  virtual void set_on_kept(Task on_kept) = 0;
  virtual Latest<TlsIdentity>& identities() noexcept = 0;
  // On the main loop.
  virtual IdentityStatus status() const = 0;
  virtual const RotationCounts& rotations() const noexcept = 0;
};
}  // namespace heddle
