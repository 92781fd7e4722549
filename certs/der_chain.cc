#include "certs/der_chain.h"

#include "certs/limits.h"

namespace heddle {
Result<CertChain> parse_der_chain(std::string_view der) {
  if (der.size() > kMaxChainPem) return make_error(Reason::kTooLarge, "the chain is larger than 32 KiB");
  CertChain chain;
  const auto* in = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = in + der.size();
  while (in != end) {
    if (chain.size() == kMaxChainLength) return make_error(Reason::kTooLarge, "more than 4 certificates");
    X509Ptr certificate(d2i_X509(nullptr, &in, static_cast<long>(end - in)));
    ERR_clear_error();
    if (certificate == nullptr) return make_error(Reason::kConfigInvalid, "not concatenated DER certificates");
    chain.emplace_back(std::move(certificate));
  }
  if (chain.empty()) return make_error(Reason::kConfigInvalid, "no certificate");
  return chain;
}

std::string to_der(const CertChain& chain) {
  std::string der;
  for (const X509Shared& certificate : chain) der += to_der(certificate.get(), i2d_X509);
  return der;
}
}  // namespace heddle
