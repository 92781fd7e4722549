// PEM, strictly (RFC 7468 §3, "strict" ABNF with free line lengths): blocks of one expected label, separated by white
// space only. Text between or after the blocks, another label, headers and bad base64 are errors, never skipped.
// Pure; intermediate copies are wiped, because a block may be a private key.
#pragma once
#include <vector>

#include "certs/openssl.h"
#include "certs/secret.h"

namespace heddle {
inline constexpr std::string_view kPemCertificate = "CERTIFICATE";
inline constexpr std::string_view kPemPrivateKey = "PRIVATE KEY";
inline constexpr std::string_view kPemRequest = "CERTIFICATE REQUEST";

struct PemLimits {
  size_t bytes;
  size_t blocks;
};

// The DER of every block, at least one.
Result<std::vector<Secret>> parse_pem(std::string_view pem, std::string_view label, PemLimits);
std::string to_pem(std::string_view der, std::string_view label);

// Certificates in the order of the text.
Result<CertChain> parse_certificates(std::string_view pem, PemLimits);
std::string to_pem(const CertChain&);
// One certificate from DER; the whole input must be it.
Result<X509Shared> parse_certificate(std::string_view der);
}  // namespace heddle
