// Authorizer: constructors of PeerCheck: is this verified peer one we want to talk to? Judged on every connection and
// never cached. An empty list matches nobody. Ids compare by bytes; nothing here looks inside a path.
// A PeerCheck owns what it compares with and belongs to whoever holds it.
#pragma once
#include <vector>

#include "certs/peer_certificate.h"
#include "lib/base/unique_function.h"

namespace heddle {
// Fails with kPeerIdentityUnexpected: "expected X, peer is Y".
using PeerCheck = UniqueFunction<Result<void>(const PeerCertificate&)>;

class Authorizer {
 public:
  static PeerCheck exact(SpiffeId);
  static PeerCheck one_of(std::vector<SpiffeId>);
  static PeerCheck member_of(TrustDomain);
  // Any identity of these trust domains, as TrustBundle::domains() lists them.
  static PeerCheck any_in(std::vector<TrustDomain>);
};
}  // namespace heddle
