// IdentitySource: where this sidecar's certificate, key and trust bundle come from. Publishes them ready for TLS
// whenever they change; an identity that was published stays until a better one is there. Belongs to the main loop;
// identities() may be subscribed to from any loop. One interface, several sources: files, the control plane.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "certs/rotation.h"
#include "lib/event/latest.h"
#include "lib/tls/tls_context.h"

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
  // Why the sidecar is not ready, for /readyz and the status; empty when it can handshake.
  std::string not_ready;
};

class IdentitySource {
 public:
  virtual ~IdentitySource() = default;
  virtual void start() = 0;   // once; publishes from the loop
  virtual void reload() = 0;  // SIGHUP: look again now
  virtual Latest<TlsIdentity>& identities() noexcept = 0;
  virtual IdentityStatus status() const = 0;  // on the main loop
};
}  // namespace heddle
