// PrivateKey: an asymmetric key pair. Made in process (ECDSA P-256) or read from unencrypted PKCS#8; immutable and
// shared as shared_ptr<const PrivateKey> between every SSL_CTX that uses it, on any thread. It is written out only
// where an operator asked for a file, and then as a Secret. Allow-list: P-256, P-384, RSA 2048-4096.
#pragma once
#include "certs/openssl.h"
#include "certs/secret.h"

namespace heddle {
// Refuses keys that nobody in the mesh may use: other algorithms and curves, curves given by parameters, points off
// the curve, RSA outside 2048-4096 bits or with an exponent below 65537. The detail says which.
Result<void> check_key_allowed(const EVP_PKEY*);

class PrivateKey {
 public:
  static Result<std::shared_ptr<const PrivateKey>> generate();  // P-256
  static Result<std::shared_ptr<const PrivateKey>> from_pem(std::string_view pem);
  static Result<std::shared_ptr<const PrivateKey>> from_der(std::string_view pkcs8);

  Result<Secret> to_pem() const;
  Result<Secret> to_der() const;  // PKCS#8
  // OpenSSL counts references through a mutable pointer; the key itself is never changed.
  EVP_PKEY* raw() const noexcept { return key_.get(); }
  // SHA-384 for P-384, SHA-256 otherwise.
  const EVP_MD* digest() const noexcept;

  // Use the factories: public only for make_shared.
  struct Access {
   private:
    friend class PrivateKey;
    Access() = default;
  };
  PrivateKey(Access, KeyPtr key) : key_(std::move(key)) {}

 private:
  static Result<std::shared_ptr<const PrivateKey>> wrap(KeyPtr);
  KeyPtr key_;
};
}  // namespace heddle
