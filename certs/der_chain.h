// Certificates as concatenated DER, the form the SPIFFE Workload API carries them in. Pure; strict: every byte belongs
// to a certificate. Bundles: DomainRoots::parse_der.
#pragma once
#include "certs/openssl.h"
#include "lib/base/result.h"

namespace heddle {
// At least one certificate, at most kMaxChainLength in kMaxChainPem bytes.
Result<CertChain> parse_der_chain(std::string_view der);
std::string to_der(const CertChain&);
}  // namespace heddle
