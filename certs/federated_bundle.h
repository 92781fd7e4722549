// FederatedBundle: what another trust domain published, judged by our rules and written again in our form. Pure; a
// value, fit for the offload thread.
#pragma once
#include "certs/domain_roots.h"

namespace heddle {
struct FederatedBundle {
  DomainRoots::Ptr roots;  // may be empty: everything of that domain is revoked
  std::string text;        // as to_jwks() writes it: only what we use, so its size says what it costs
};
// As parse_jwks(), and every key must be one that verify_peer() takes (check_key_allowed): a root that could vouch for
// nobody, or that costs too much to check, is told when it comes. A root may name this trust domain and no other one
// as its SPIFFE id. At most kMaxFederatedBundle bytes in our form, so that one partner cannot use up what is for all.
// One bad root refuses the bundle.
Result<FederatedBundle> parse_federated_bundle(const TrustDomain&, std::string_view json);
}  // namespace heddle
