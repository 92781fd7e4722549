// The SPIFFE bundle format (JWK Set, Trust Domain and Bundle §4) and the bundle map (§5) as JSON text, in and out.
// Pure. Reading: an unknown `kty` or `use` and an entry without certificate are ignored, of several certificates in x5c
// only the first counts (X509-SVID §6.2), unknown members are ignored; anything malformed refuses the whole document.
// Writing: never a kid (X509-SVID §6.1), one certificate per entry, the X.509 entries only.
#pragma once
#include "certs/trust_bundle.h"

namespace heddle {
// `keys` must be present; an empty list means that everything is revoked. spiffe_sequence is at most 2^63-1;
// spiffe_refresh_hint is clamped to [60 s, 1 h].
Result<DomainRoots::Ptr> parse_jwks(const TrustDomain&, std::string_view json);
Result<std::string> to_jwks(const DomainRoots&);

// {"trust_domains": {"<name>": <bundle>}}. One bad name or bundle refuses the whole map; inner refresh hints are
// ignored (§5.1.1).
Result<TrustBundle> parse_bundle_map(std::string_view json);
// kTooLarge: more than parse_bundle_map() reads.
Result<std::string> to_bundle_map(const std::vector<DomainRoots::Ptr>&);
}  // namespace heddle
