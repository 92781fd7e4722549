#include "certs/federated_bundle.h"

#include "certs/jwks.h"
#include "certs/limits.h"
#include "certs/private_key.h"
#include "certs/subject_names.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
// X509-SVID §3.2: a signing certificate may name its trust domain, without a path. One that names another domain is of
// somebody else's bundle: stricter than the text, which leaves room for authorities of several domains.
Result<void> check_names(const TrustDomain& domain, const X509* root) {
  HEDDLE_TRY(SubjectNames names, subject_names(root));
  for (const std::string& uri : names.uris) {
    if (!to_lower(uri).starts_with("spiffe:") || uri == domain.id()) continue;
    return make_error(Reason::kConfigInvalid,
                      str_cat("it is of ", in_quotes(uri), ", expected ", in_quotes(domain.id()), " or no SPIFFE id"));
  }
  return {};
}
}  // namespace

Result<FederatedBundle> parse_federated_bundle(const TrustDomain& domain, std::string_view json) {
  HEDDLE_TRY(DomainRoots::Ptr roots, parse_jwks(domain, json));
  for (size_t i = 0; i < roots->certificates().size(); ++i) {
    const X509* root = roots->certificates()[i].get();
    Result<void> allowed = check_key_allowed(X509_get0_pubkey(root));
    if (allowed) allowed = check_names(domain, root);
    if (allowed) continue;
    return make_error(Reason::kConfigInvalid, str_cat("bundle of ", domain.name(), ", root ", std::to_string(i + 1),
                                                      " (", roots->pins()[i], "): ", allowed.error().detail));
  }
  HEDDLE_TRY(std::string text, to_jwks(*roots));
  if (text.size() > kMaxFederatedBundle) {
    return make_error(Reason::kTooLarge, str_cat("bundle of ", domain.name(), ": ", std::to_string(text.size()),
                                                 " bytes, the limit of one federated domain is 64 KiB"));
  }
  return FederatedBundle{std::move(roots), std::move(text)};
}
}  // namespace heddle
