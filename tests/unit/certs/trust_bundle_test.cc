#include "certs/trust_bundle.h"

#include <gtest/gtest.h>

#include "certs/authority.h"
#include "certs/digest.h"
#include "certs/pem.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
TrustDomain domain(std::string_view name) { return *TrustDomain::parse(name); }
}  // namespace

TEST(TrustBundle, ReadsConcatenatedPem) {
  TestCa first("td.test");
  TestCa second("td.test");

  auto bundle = TrustBundle::parse_pem(domain("td.test"), first.root_pem() + "\n" + second.root_pem());

  ASSERT_TRUE(bundle) << bundle.error().detail;
  EXPECT_EQ(bundle->find("td.test")->certificates().size(), 2U);
  EXPECT_EQ(bundle->find("td.test")->to_pem(), first.root_pem() + second.root_pem());
  EXPECT_EQ(bundle->find("other.test"), nullptr);
}

TEST(TrustBundle, DropsDuplicates) {
  TestCa ca("td.test");

  auto bundle = TrustBundle::parse_pem(domain("td.test"), ca.root_pem() + ca.root_pem());

  EXPECT_EQ(bundle->find("td.test")->pins().size(), 1U);
}

TEST(TrustBundle, RefusesWhatIsNotARoot) {
  TestCa ca("td.test");
  CertSpec no_sign = CertSpec::authority("x");
  no_sign.key_usage = "critical,cRLSign";

  auto leaf = TrustBundle::parse_pem(domain("td.test"), ca.root_pem() + to_pem(ca.issue("spiffe://td.test/a").chain));

  ASSERT_FALSE(leaf);
  EXPECT_NE(leaf.error().detail.find("entry 2"), std::string::npos) << leaf.error().detail;
  EXPECT_FALSE(TrustBundle::parse_pem(domain("td.test"), TestCa("td.test", no_sign).root_pem()));
  EXPECT_FALSE(TrustBundle::parse_pem(domain("td.test"), ""));
  EXPECT_FALSE(TrustBundle::parse_pem(domain("td.test"), ca.root_pem() + "x"));
}

TEST(TrustBundle, RefusesMoreThan64Roots) {
  std::string pem;
  for (int i = 0; i < 65; ++i) pem += TestCa("td.test").root_pem();

  EXPECT_EQ(TrustBundle::parse_pem(domain("td.test"), pem).error().reason, Reason::kTooLarge);
}

TEST(TrustBundle, KeepsDomainsApart) {
  TestCa one("td1.test");
  TestCa two("td2.test");
  TrustBundle bundle = one.bundle();

  bundle.replace(two.roots());

  EXPECT_EQ(bundle.find("td1.test")->pins(), one.roots()->pins());
  EXPECT_EQ(bundle.find("td2.test")->pins(), two.roots()->pins());
  EXPECT_EQ(bundle.domains(), (std::vector{domain("td1.test"), domain("td2.test")}));
  EXPECT_FALSE(DomainRoots::merged(*one.roots(), *two.roots()));
}

TEST(TrustBundle, ReplacesMergesAndRemoves) {
  TestCa old_ca("td.test");
  TestCa new_ca("td.test");
  TrustBundle bundle = old_ca.bundle();

  ASSERT_TRUE(bundle.merge(new_ca.roots()));
  EXPECT_EQ(bundle.find("td.test")->pins().size(), 2U);
  bundle.replace(new_ca.roots());
  EXPECT_EQ(bundle.find("td.test")->pins(), new_ca.roots()->pins());
  bundle.remove(domain("td.test"));
  EXPECT_EQ(bundle.find("td.test"), nullptr);
}

TEST(TrustBundle, CountsEveryChange) {
  TestCa ca("td.test");
  TrustBundle bundle;
  bundle.replace(ca.roots());
  TrustBundle copy = bundle;

  copy.remove(domain("unknown.test"));
  EXPECT_EQ(copy.generation(), bundle.generation());
  copy.remove(domain("td.test"));
  EXPECT_GT(copy.generation(), bundle.generation());
}

TEST(TrustBundle, PinsTheShaOfTheCertificate) {
  TestCa ca("td.test");
  Svid svid = ca.issue("spiffe://td.test/a");
  CertChain shown = svid.chain;
  shown.push_back(ca.chain().back());
  std::string pin = ca.roots()->pins().front();

  auto roots = DomainRoots::from_pin(domain("td.test"), shown, pin);

  ASSERT_TRUE(roots) << roots.error().detail;
  EXPECT_EQ(pin.size(), 64U);
  EXPECT_EQ((*roots)->pins().front(), pin);
  EXPECT_FALSE(DomainRoots::from_pin(domain("td.test"), shown, std::string(64, '0')));
  EXPECT_FALSE(DomainRoots::from_pin(domain("td.test"), shown, fingerprint_of(svid.chain.front().get())));
}

TEST(TrustBundle, ReadsConcatenatedDer) {
  TestCa first("td.test");
  TestCa second("td.test");
  std::string der = to_der(first.certificate(), i2d_X509) + to_der(second.certificate(), i2d_X509);

  EXPECT_EQ((*DomainRoots::parse_der(domain("td.test"), der))->certificates().size(), 2U);
  EXPECT_TRUE((*DomainRoots::parse_der(domain("td.test"), ""))->empty());
  EXPECT_FALSE(DomainRoots::parse_der(domain("td.test"), der.substr(0, der.size() - 1)));
  EXPECT_FALSE(DomainRoots::parse_der(domain("td.test"), der + "x"));
}

TEST(TrustBundle, TheFederatedDigestIsThatOfTheOthersNames) {
  TestCa own("own.test");
  TestCa partner("partner.test");
  TestCa other("other.test");
  TrustBundle bundle = own.bundle();

  EXPECT_EQ(federated_digest(bundle, domain("own.test")), "");
  bundle.replace(partner.roots());
  bundle.replace(other.roots());
  std::string both = federated_digest(bundle, domain("own.test"));
  bundle.remove(domain("own.test"));

  std::string lines = "other.test " + other.roots()->digest() + "\npartner.test " + partner.roots()->digest() + "\n";
  EXPECT_EQ(both, to_hex(sha256(as_bytes(lines))));
  EXPECT_EQ(federated_digest(bundle, domain("own.test")), both) << "our own domain counts for nothing";
  bundle.remove(domain("other.test"));
  EXPECT_NE(federated_digest(bundle, domain("own.test")), both);
}

TEST(TrustBundle, ARevokedDomainCountsInTheFederatedDigest) {
  TrustBundle bundle;
  bundle.replace(*DomainRoots::create(domain("partner.test"), {}, {}));

  EXPECT_EQ(federated_digest(bundle, domain("own.test")).size(), 64U);
}

TEST(DomainRoots, TheDigestIsThatOfTheSetNotOfItsOrder) {
  auto one = *CertificateAuthority::create_root(*TrustDomain::parse("td"), 24h, kTestNow);
  auto other = *CertificateAuthority::create_root(*TrustDomain::parse("td"), 24h, kTestNow);
  auto there = *DomainRoots::merged(*one->roots(), *other->roots());
  auto back = *DomainRoots::merged(*other->roots(), *one->roots());

  EXPECT_EQ(there->digest(), back->digest());
  EXPECT_NE(there->digest(), one->roots()->digest());
  EXPECT_EQ(there->digest().size(), 64U);
}

TEST(DomainRoots, KnowsWhichOfThemSigned) {
  TrustDomain domain = *TrustDomain::parse("td");
  auto signer = *CertificateAuthority::create_root(domain, 24h, kTestNow);
  auto other = *CertificateAuthority::create_root(domain, 24h, kTestNow);
  SpiffeId id = *SpiffeId::parse("spiffe://td/web");
  auto key = *PrivateKey::generate();
  auto svid = Svid::from_pem(signer->sign(*Csr::create(*key, id), id, 1h, kTestNow)->chain_pem, key, kTestNow);

  auto both = *DomainRoots::merged(*other->roots(), *signer->roots());

  EXPECT_EQ(both->pin_of_issuer(svid->chain.back().get()), signer->roots()->pins().front());
  EXPECT_EQ(other->roots()->pin_of_issuer(svid->chain.back().get()), std::nullopt);
}
}  // namespace heddle
