#include "certs/chain_links.h"

#include "lib/base/strings.h"

namespace heddle {
Result<void> check_links(const CertChain& chain) {
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    if (X509_check_issued(chain[i + 1].get(), chain[i].get()) == X509_V_OK) continue;
    return make_error(Reason::kConfigInvalid,
                      str_cat("certificate ", std::to_string(i + 1), " is not issued by the one after it"));
  }
  return {};
}
}  // namespace heddle
