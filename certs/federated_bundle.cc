#include "certs/federated_bundle.h"

#include "certs/jwks.h"
#include "certs/private_key.h"
#include "lib/base/strings.h"

namespace heddle {
Result<FederatedBundle> parse_federated_bundle(const TrustDomain& domain, std::string_view json) {
  HEDDLE_TRY(DomainRoots::Ptr roots, parse_jwks(domain, json));
  for (size_t i = 0; i < roots->certificates().size(); ++i) {
    auto allowed = check_key_allowed(X509_get0_pubkey(roots->certificates()[i].get()));
    if (allowed) continue;
    return make_error(Reason::kConfigInvalid, str_cat("bundle of ", domain.name(), ", root ", std::to_string(i + 1),
                                                      " (", roots->pins()[i], "): ", allowed.error().detail));
  }
  HEDDLE_TRY(std::string text, to_jwks(*roots));
  return FederatedBundle{std::move(roots), std::move(text)};
}
}  // namespace heddle
