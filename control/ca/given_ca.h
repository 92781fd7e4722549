// GivenCa: the authority an operator gives by files: an intermediate that the organisation's own root issued, its key
// and the roots that everybody shall trust. Read and judged as a whole (certs/issued_authority.h): at the start, and
// again whenever a file changes. Each refusal names the flag, the file and the rule. Blocking; any thread.
#pragma once
#include "certs/issued_authority.h"
#include "control/ca/key_form.h"

namespace heddle {
struct GivenCaFiles {
  std::string certificates;  // --ca-cert-file: PEM, ours first, then its issuers; the root may be the last
  std::string key;           // --ca-key-file: PKCS#8, mode 0600, encrypted if there is a passphrase
  std::string roots;         // --ca-root-file: PEM
  bool any() const { return !certificates.empty() || !key.empty() || !roots.empty(); }
  bool all() const { return !certificates.empty() && !key.empty() && !roots.empty(); }
};

struct GivenCa {
  CertificateAuthority::Ptr authority;
  DomainRoots::Ptr roots;  // all of the file; that of the authority is among them
};

// `names`: of the control plane's own certificate, which name constraints may forbid.
Result<GivenCa> load_given_ca(const GivenCaFiles&, const TrustDomain&, const KeyForm&, const ExtraNames& names,
                              WallTime now);
// Changes when one of the files does: inodes, sizes and times.
std::string stat_of(const GivenCaFiles&);
}  // namespace heddle
