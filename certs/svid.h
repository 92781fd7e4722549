// Svid: a workload's identity document (X509-SVID): id, certificate chain, private key and times. A value; its parts
// are shared and immutable, so it may be copied to every worker. Reading one checks that it can serve: one SPIFFE id
// that keeps the leaf rules, each certificate issued by the next, the key is the leaf's. Whether it is valid now or
// trusted by anybody is not checked here (certs/verify.h).
#pragma once
#include "certs/private_key.h"
#include "certs/spiffe_id.h"
#include "lib/base/clock.h"

namespace heddle {
struct Svid {
  SpiffeId id;
  CertChain chain;  // leaf first, without the root
  std::shared_ptr<const PrivateKey> key;
  WallTime not_before;
  WallTime not_after;
  WallTime issued_at;  // rotation counts from here, not from the backdated not_before

  // Chain of at most 4 certificates and 32 KiB; anything after the last block is refused.
  static Result<Svid> from_pem(std::string_view chain_pem, std::string_view key_pem);  // issued_at = not_before
  static Result<Svid> from_pem(std::string_view chain_pem, std::shared_ptr<const PrivateKey> key, WallTime issued_at);
  static Result<Svid> from_chain(CertChain chain, std::shared_ptr<const PrivateKey> key);  // issued_at = not_before

  std::string chain_pem() const;
  Result<Secret> key_pem() const { return key->to_pem(); }
};
}  // namespace heddle
