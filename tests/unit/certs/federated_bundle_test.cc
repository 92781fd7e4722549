#include "certs/federated_bundle.h"

#include <gtest/gtest.h>

#include "certs/jwks.h"
#include "certs/limits.h"
#include "lib/base/strings.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
TrustDomain domain() { return *TrustDomain::parse("p.test"); }
std::string entry(const TestCa& ca) {
  return str_cat(R"({"kty":"EC","use":"x509-svid","x5c":[")", to_base64(as_bytes(to_der(ca.certificate(), i2d_X509))),
                 R"("]})");
}

TEST(FederatedBundle, IsWrittenAgainWithOnlyWhatWeUse) {
  TestCa ca("p.test");
  std::string shown =
      str_cat(R"({"x":1,"spiffe_sequence":4,"keys":[)", entry(ca), R"(,{"kty":"EC","use":"jwt-svid"}]})");

  auto bundle = parse_federated_bundle(domain(), shown);

  ASSERT_TRUE(bundle) << bundle.error().detail;
  EXPECT_EQ(bundle->roots->pins(), ca.roots()->pins());
  EXPECT_EQ(bundle->roots->notes().sequence, 4U);
  EXPECT_EQ(bundle->text.find("jwt-svid"), std::string::npos);
  EXPECT_EQ((*parse_jwks(domain(), bundle->text))->pins(), ca.roots()->pins());
}

TEST(FederatedBundle, EverythingMayBeRevoked) {
  auto bundle = parse_federated_bundle(domain(), R"({"keys":[]})");

  ASSERT_TRUE(bundle);
  EXPECT_TRUE(bundle->roots->empty());
}

TEST(FederatedBundle, RefusesARootOfAnotherDomain) {
  TestCa ours("p.test"), other("q.test");

  auto bundle = parse_federated_bundle(domain(), str_cat(R"({"keys":[)", entry(ours), ",", entry(other), "]}"));

  ASSERT_FALSE(bundle);
  EXPECT_NE(bundle.error().detail.find("root 2"), std::string::npos) << bundle.error().detail;
  EXPECT_NE(bundle.error().detail.find("spiffe://q.test"), std::string::npos) << bundle.error().detail;
}

TEST(FederatedBundle, OfOneDomainIsBounded) {
  CertSpec spec = CertSpec::authority("long");
  spec.unknown_extension = str_cat("ASN1:UTF8String:", std::string(2000, 'x'));
  std::string keys = entry(TestCa("p.test", spec));
  while (keys.size() <= kMaxFederatedBundle) keys.append(",").append(entry(TestCa("p.test", spec)));

  auto bundle = parse_federated_bundle(domain(), str_cat(R"({"keys":[)", keys, "]}"));

  ASSERT_FALSE(bundle);
  EXPECT_EQ(bundle.error().reason, Reason::kTooLarge);
  EXPECT_NE(bundle.error().detail.find("64 KiB"), std::string::npos) << bundle.error().detail;
}

TEST(FederatedBundle, RefusesARootThatCouldVouchForNobody) {
  KeyPtr key(EVP_EC_gen("P-521"));
  CertSpec spec = CertSpec::authority("big");
  spec.raw_key = key.get();
  TestCa issuer("p.test");
  Svid odd = issuer.issue(spec);
  std::string json = str_cat(R"({"keys":[)", entry(issuer), R"(,{"kty":"EC","use":"x509-svid","x5c":[")",
                             to_base64(as_bytes(to_der(odd.chain.front().get(), i2d_X509))), R"("]}]})");

  auto bundle = parse_federated_bundle(domain(), json);

  ASSERT_FALSE(bundle);
  EXPECT_NE(bundle.error().detail.find("root 2"), std::string::npos) << bundle.error().detail;
}
}  // namespace
}  // namespace heddle
