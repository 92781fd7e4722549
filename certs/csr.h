// Csr: a certificate signing request: made by a workload for its new key, parsed and checked by the authority. Having
// one means: whole DER, at most 16 KiB, allowed key, self-signature good (proof of possession), exactly one URI name
// that is a SPIFFE id with a path. Everything else a request may ask for is ignored.
// Immutable value, shares its OpenSSL object; any thread.
#pragma once
#include "certs/private_key.h"
#include "certs/spiffe_id.h"

namespace heddle {
class Csr {
 public:
  static Result<Csr> create(const PrivateKey&, const SpiffeId&);
  // Fail with kBadRequest or kTooLarge.
  static Result<Csr> parse_pem(std::string_view pem);
  static Result<Csr> parse_der(std::string_view der);

  const SpiffeId& id() const noexcept { return id_; }
  const EVP_PKEY* public_key() const noexcept { return X509_REQ_get0_pubkey(request_.get()); }
  std::string public_key_der() const;  // SubjectPublicKeyInfo
  std::string to_der() const;
  std::string to_pem() const;

 private:
  Csr(X509ReqPtr request, const SpiffeId& id) : request_(std::move(request)), id_(id) {}
  std::shared_ptr<X509_REQ> request_;
  SpiffeId id_;
};
}  // namespace heddle
