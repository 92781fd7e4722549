#include "control/ca/ca_state.h"

#include "lib/base/strings.h"

namespace heddle {
Result<DomainRoots::Ptr> CaState::bundle() const {
  CertChain roots = signer->roots()->certificates();
  for (const DomainRoots* other : {next != nullptr ? next->roots().get() : old.get(), also.get()}) {
    if (other != nullptr) roots.insert(roots.end(), other->certificates().begin(), other->certificates().end());
  }
  return DomainRoots::create(signer->trust_domain(), std::move(roots), {sequence, DomainRoots::kDefaultRefreshHint});
}

CertificateAuthority::Ptr signer_here(const CaState& state, const std::vector<CertificateAuthority::Ptr>& others) {
  if (state.signer->has_key() || state.old == nullptr) return state.signer;
  for (const CertificateAuthority::Ptr& other : others) {
    bool is_old = other != nullptr && other->has_key() && root_pin(*other) == state.old->pins().front();
    if (is_old) return other;
  }
  return state.signer;
}

std::string missing_key(const CaState& state) {
  constexpr std::string_view kWhere =
      " was given by files of another control plane, and its key is not here: replace --ca-cert-file, --ca-key-file "
      "and "
      "--ca-root-file here as there";
  if (!state.signer->has_key()) return str_cat("the authority that signs (root ", root_pin(*state.signer), ")", kWhere);
  if (state.next == nullptr || state.next->has_key()) return "";
  return str_cat("the authority that is prepared (root ", root_pin(*state.next), ")", kWhere,
                 ", or end it by heddle ca rotate abort");
}
}  // namespace heddle
