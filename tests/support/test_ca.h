// TestCa: a certificate authority for tests that also makes certificates nobody should accept. One line makes a root:
//   TestCa ca("cluster.local"); Svid svid = ca.issue("spiffe://cluster.local/ns/a/sa/b"); ca.bundle();
// No clock: unless told otherwise everything is valid from 2020 to 2049, so it suits manual and real clocks alike.
// Failures of OpenSSL abort the test.
#pragma once
#include "certs/certificate_builder.h"
#include "certs/peer_certificate.h"
#include "certs/svid.h"
#include "certs/trust_bundle.h"

namespace heddle {
inline constexpr WallTime kTestEpoch{std::chrono::seconds(1'577'836'800)};  // 2020-01-01T00:00:00Z
inline constexpr WallTime kTestEnd{std::chrono::seconds(2'493'072'000)};    // 2049-01-01T00:00:00Z
inline constexpr WallTime kTestNow{std::chrono::seconds(1'767'225'600)};    // 2026-01-01T00:00:00Z

// What a certificate shall say; the defaults are a correct leaf. "" leaves an extension out.
struct CertSpec {
  std::vector<std::string> uris;
  std::vector<std::string> dns;
  std::string any_names;  // instead, as "DNS:*.a.test,IP:127.0.0.1": also what no certificate of ours would say
  Criticality names_criticality = Criticality::kCritical;
  std::string common_name;  // the subject; "" is an empty one
  std::string basic_constraints = "critical,CA:FALSE";
  std::string key_usage = "critical,digitalSignature";
  std::string extended_key_usage = "serverAuth,clientAuth";
  std::string name_constraints;   // as "critical,permitted;URI:td1.test"
  std::string unknown_extension;  // of OID 1.2.3.4.5, as "critical,ASN1:UTF8String:x"
  WallTime not_before = kTestEpoch;
  WallTime not_after = kTestEnd;
  std::shared_ptr<const PrivateKey> key;  // null: a new one
  EVP_PKEY* raw_key = nullptr;            // instead, one PrivateKey refuses; the Svid then has an unrelated key

  // A correct leaf for this id (which need not be one).
  static CertSpec leaf(std::string_view uri);
  // A correct intermediate authority.
  static CertSpec authority(std::string_view name);
};

class TestCa {
 public:
  explicit TestCa(std::string_view trust_domain);
  // A root with these properties.
  TestCa(std::string_view trust_domain, CertSpec root);

  Svid issue(std::string_view id) const;
  // The Svid's id is the first URI when valid, else that of the trust domain: the certificate may name none or many.
  // It is a complete identity that TLS code can load.
  Svid issue(const CertSpec& spec) const;
  // Signed by its own key, so by no authority.
  Svid self_signed(const CertSpec& spec) const;
  // An authority below this one; its leaves carry its certificate in their chain. Any spec will do, even a leaf's.
  TestCa intermediate(const CertSpec& spec) const;

  const TrustDomain& trust_domain() const { return domain_; }
  TrustBundle bundle() const;  // of the root
  DomainRoots::Ptr roots() const;
  std::string root_pem() const;
  std::string certificate_pem() const;  // of this authority
  X509* certificate() const { return chain_.front().get(); }
  const CertChain& chain() const { return chain_; }  // this authority first, the root last
  const std::shared_ptr<const PrivateKey>& key() const { return key_; }

 private:
  TestCa(TrustDomain domain, CertChain chain, std::shared_ptr<const PrivateKey> key);
  TrustDomain domain_;
  CertChain chain_;
  std::shared_ptr<const PrivateKey> key_;
};
}  // namespace heddle
