// TrustPublisher: tells everybody in this process, the sidecars and the files in the data directory who signs and which
// roots to trust, our own and those of federated domains: at the start, after each step of a rotation and when a
// federated bundle changes (announce() alone: nobody in this process trusts other domains). It decides nothing. Control
// loop.
#pragma once
#include <functional>

#include "control/app/admin_context.h"
#include "control/app/own_identity.h"
#include "control/ca/ca_rotator.h"
#include "control/ca/issuer.h"
#include "control/federation/federated_bundles.h"
#include "control/watch/watch_hub.h"

namespace heddle {
class TrustPublisher {
 public:
  // Sidecars whose certificate is of another root than the one that signs renew within this, each when it likes.
  static constexpr Duration kRenewWithin = 60s;
  struct Parts {
    CaRotator& rotator;
    Issuer& issuer;
    OwnIdentity& identity;
    WatchHub& hub;
    const FederatedBundles& federated;
    Duration svid_ttl;
    std::string root_file;
    std::function<Result<void>()> write_context;
    Logger log;
  };
  explicit TrustPublisher(Parts parts) : parts_(std::move(parts)) {}
  // To the sidecars that are here or come; the rest was made with this state.
  void announce();
  void publish();

 private:
  void note(std::string_view what, const Result<void>&);
  Parts parts_;
};
}  // namespace heddle
