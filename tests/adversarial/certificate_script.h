// Certificates described in words (README.md, "Certificates"): `NAME by=PARENT words; ...; words of what is shown`.
// Makes what no authority would sign: any extension, key and signature. The world of every case: `td` signs for
// td.test, `td2` for td2.test, both trusted; `stranger` says td.test too and is trusted by nobody; `revoked` signs for
// revoked.test, which is known and has no roots. Not thread-safe; failures of OpenSSL abort.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "tests/support/test_ca.h"

namespace heddle::adversarial {
// What a peer shows. Without a key it cannot prove that the certificate is its own.
struct ShownCertificates {
  CertChain chain;  // leaf first
  std::shared_ptr<EVP_PKEY> key;
};

class CertificateScript {
 public:
  CertificateScript();
  ShownCertificates play(std::string_view script);
  const TrustBundle& bundle() const { return bundle_; }
  const TestCa& authority(const std::string& name) const { return authorities_.at(name); }
  // A key by its name in scripts: p256, p384, rsa2048, ed25519 ... Made once.
  std::shared_ptr<EVP_PKEY> key(const std::string& kind);
  void set_key(const std::string& name, std::shared_ptr<EVP_PKEY> key) { keys_[name] = std::move(key); }

 private:
  struct Order;
  static Order read(std::string_view words, CertSpec spec);
  ShownCertificates make(const Order&);
  std::shared_ptr<const PrivateKey> private_key(const std::string& kind);
  void add_authority(const std::string& name, const Order&);
  CertChain sent_along(const Order&) const;
  X509Shared as_changed(const X509Shared& certificate) const;

  std::map<std::string, TestCa> authorities_;
  std::map<std::string, X509Shared> changed_;  // what is shown of an authority of the script
  std::map<std::string, std::shared_ptr<EVP_PKEY>> keys_;
  TrustBundle bundle_;
};
}  // namespace heddle::adversarial
