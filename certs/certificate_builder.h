// CertificateBuilder: assembles one X.509 v3 certificate field by field and signs it; the authority uses it for what it
// issues, tests for what nobody should. It checks no policy. The first failing step is remembered and reported by
// sign(), so calls can be chained. Used once, on one thread.
#pragma once
#include <optional>

#include "certs/openssl.h"
#include "certs/private_key.h"
#include "certs/subject_names.h"
#include "lib/base/clock.h"

namespace heddle {
class CertificateBuilder {
 public:
  CertificateBuilder();
  CertificateBuilder& serial(Bytes number);  // big-endian, positive
  CertificateBuilder& random_serial();       // 128 bits from the kernel
  // Cut to whole seconds.
  CertificateBuilder& validity(WallTime not_before, WallTime not_after);
  CertificateBuilder& public_key(const EVP_PKEY*);
  CertificateBuilder& issuer(const X509_NAME*);
  // Appends to the (else empty) subject: field "O", "CN", "serialNumber".
  CertificateBuilder& subject(const char* field, std::string_view value);
  CertificateBuilder& names(const SubjectNames&);
  // `value` in OpenSSL's configuration syntax, as "critical,CA:TRUE". Constants only: never text from outside.
  CertificateBuilder& extension(int nid, const char* value);
  // Subject key identifier, and the authority's when `issuer` is given (else this is its own issuer).
  CertificateBuilder& key_identifiers(const X509* issuer);
  Result<X509Shared> sign(const PrivateKey&);

  X509* get() const noexcept { return certificate_.get(); }

 private:
  CertificateBuilder& check(bool good, const char* step);
  X509Ptr certificate_;
  std::optional<Error> failed_;
};

// `time` in the form RFC 5280 wants: UTCTime until 2049, GeneralizedTime after.
Asn1TimePtr to_asn1_time(WallTime time);
}  // namespace heddle
