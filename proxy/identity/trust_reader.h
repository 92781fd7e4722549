// TrustReader: reads what the control plane announces about trust (docs/watch-protocol.md, `trust`) on the offload pool
// and tells the identity source. The newest announcement counts: one that is being read when the next comes is dropped,
// because each is the whole truth. Own roots that cannot be read change nothing; of the federated domains each one is
// judged by itself. Belongs to the main loop; the source outlives it.
#pragma once
#include "lib/api/watch_messages.h"
#include "lib/base/log.h"
#include "lib/event/offload.h"
#include "proxy/identity/svid_source.h"

namespace heddle {
class TrustReader {
 public:
  TrustReader(Loop& loop, Logger log, TrustDomain own, IdentitySource& identity)
      : log_(log), own_(std::move(own)), identity_(identity), offload_(loop) {}
  void take(const WatchTrust&);

 private:
  Logger log_;
  TrustDomain own_;
  IdentitySource& identity_;
  Offload offload_;
  Pending reading_;
};

// Pure. An error: the own bundle is unreadable or has no certificate.
Result<TrustNews> read_trust_news(const WatchTrust&, const TrustDomain& own);
}  // namespace heddle
