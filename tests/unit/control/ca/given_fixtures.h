// An authority that an organisation's root issued, as its files give it.
#pragma once
#include "control/ca/given_ca.h"
#include "tests/support/test_ca.h"

namespace heddle {
// A new intermediate of this root each time. `other`: a root that is in the file besides.
inline GivenCa given_by(const TestCa& root, const TestCa* other = nullptr) {
  TestCa own = root.intermediate(CertSpec::authority("mesh"));
  CertChain roots = root.roots()->certificates();
  if (other != nullptr) roots.push_back(other->chain().back());
  Secret key = *own.key()->to_pem();
  return {*CertificateAuthority::from_pem(root.trust_domain(), own.certificate_pem() + root.root_pem(), key.view()),
          *DomainRoots::create(root.trust_domain(), std::move(roots), {})};
}
}  // namespace heddle
