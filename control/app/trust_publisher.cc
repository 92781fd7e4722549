#include "control/app/trust_publisher.h"

#include "certs/jwks.h"

namespace heddle {
void TrustPublisher::announce() {
  Result<std::string> bundle = to_jwks(*parts_.rotator.bundle());
  if (!bundle) return note("the sidecars were not told of the new bundle", std::move(bundle).error());
  Duration within = std::min(kRenewWithin, parts_.svid_ttl / 4);
  parts_.hub.announce({root_pin(*parts_.rotator.signer()), within, *std::move(bundle), parts_.federated.trust().texts});
}

// The control plane's own certificate before the announcement: who hears of a new root may come back at once.
void TrustPublisher::publish() {
  const CertificateAuthority::Ptr& signer = parts_.rotator.signer();
  parts_.issuer.use(signer, parts_.rotator.bundle());
  note("our own certificate is still the old one", parts_.identity.use(signer, parts_.rotator.bundle()));
  announce();
  note("the file of roots is not the newest", write_roots(parts_.root_file, *parts_.rotator.bundle()));
  note("the admin's context file does not know the newest roots", parts_.write_context());
}

void TrustPublisher::note(std::string_view what, const Result<void>& done) {
  if (!done) parts_.log.error(what, {{"error", done.error()}});
}
}  // namespace heddle
