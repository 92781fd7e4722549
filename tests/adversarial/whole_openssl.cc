#include "tests/adversarial/whole_openssl.h"

#include <openssl/provider.h>

#include "lib/base/assert.h"

namespace heddle::adversarial {
OSSL_LIB_CTX* whole_openssl() {
  static OSSL_LIB_CTX* const whole = [] {
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    HEDDLE_CHECK(made != nullptr && OSSL_PROVIDER_load(made, "default") != nullptr);
    return made;
  }();
  return whole;
}

X509Ptr in_whole_openssl(const X509* certificate) {
  std::string der = to_der(certificate, i2d_X509);
  X509* made = X509_new_ex(whole_openssl(), nullptr);
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  HEDDLE_CHECK(d2i_X509(&made, &at, static_cast<long>(der.size())) != nullptr);
  return X509Ptr(made);
}
}  // namespace heddle::adversarial
