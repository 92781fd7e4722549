#include "certs/authority.h"

#include <gtest/gtest.h>

#include <set>

#include "certs/pem.h"
#include "certs/verify.h"
#include "lib/base/random.h"
#include "lib/base/strings.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
TrustDomain domain() { return *TrustDomain::parse("td.test"); }
SpiffeId workload(std::string_view path) { return *SpiffeId::from_path(domain(), path); }
CertificateAuthority::Ptr authority(Duration lifetime = 24h) {
  return *CertificateAuthority::create_root(domain(), lifetime, kTestNow);
}
std::shared_ptr<const PrivateKey> fresh_key() { return *PrivateKey::generate(); }

TrustBundle bundle_of(const CertificateAuthority& ca) {
  TrustBundle bundle;
  bundle.replace(ca.roots());
  return bundle;
}

X509Shared leaf_of(const SignedSvid& svid) { return (*parse_certificates(svid.chain_pem, {32768, 4})).front(); }

std::string random_path(Random& random) {
  constexpr std::string_view kChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  std::string path;
  for (uint64_t segments = 1 + random.below(5); segments > 0; --segments) {
    path += "/x";
    for (uint64_t n = random.below(20); n > 0; --n) path += kChars[random.below(kChars.size())];
  }
  return path;
}

int criticality(const X509* certificate, int nid) {
  int at = X509_get_ext_by_NID(certificate, nid, -1);
  return at < 0 ? -1 : X509_EXTENSION_get_critical(X509_get_ext(certificate, at));
}

// The lint of every issued leaf: X509-SVID §2, §3.1, §4.1, §4.3, §4.4.
void lint(const SignedSvid& svid, const SpiffeId& id, const CertificateAuthority& ca) {
  X509Shared certificate = leaf_of(svid);
  PeerCertificate leaf = *PeerCertificate::from_x509(certificate.get());
  EXPECT_EQ(leaf.uri_sans(), std::vector<std::string>{id.text()});
  EXPECT_EQ(leaf.subject(), "");
  EXPECT_EQ(criticality(certificate.get(), NID_subject_alt_name), 1);
  EXPECT_EQ(criticality(certificate.get(), NID_basic_constraints), 1);
  EXPECT_FALSE(leaf.is_ca());
  EXPECT_EQ(leaf.key_usage_criticality(), Criticality::kCritical);
  EXPECT_EQ(leaf.key_usage(), Flags<KeyUse>{KeyUse::kDigitalSignature});
  EXPECT_EQ(leaf.extended_key_usage(), (Flags{ExtendedKeyUse::kServerAuth, ExtendedKeyUse::kClientAuth}));
  EXPECT_EQ(leaf.not_before(), svid.issued_at - 60s);
  EXPECT_LE(leaf.not_after(), ca.not_after());
  EXPECT_EQ(leaf.not_after(), svid.not_after);
  EXPECT_EQ(leaf.serial(), svid.serial);
  EXPECT_EQ(X509_get_version(certificate.get()), 2);
}
}  // namespace

TEST(CertificateAuthority, IssuesOnlyLeavesThatPassTheLint) {
  auto ca = authority();
  auto key = fresh_key();
  TrustBundle bundle = bundle_of(*ca);
  SystemRandom random;
  std::set<std::string> serials;
  for (int i = 0; i < 200; ++i) {
    SpiffeId id = workload(random_path(random));
    Duration ttl = std::chrono::seconds(5 + random.below(7200));

    auto svid = ca->sign(*Csr::create(*key, id), id, ttl, kTestNow);

    ASSERT_TRUE(svid) << svid.error().detail;
    lint(*svid, id, *ca);
    EXPECT_EQ(svid->not_after, kTestNow + ttl);
    EXPECT_TRUE(verify_peer(CertChain{leaf_of(*svid)}, bundle, kTestNow));
    EXPECT_TRUE(serials.insert(svid->serial).second);
    EXPECT_GE(svid->serial.size(), 24U) << "at least 64 random bits";
  }
}

TEST(CertificateAuthority, MakesARootThatKeepsTheRulesForSigningCertificates) {
  auto ca = authority();
  X509Shared certificate = ca->roots()->certificates().front();

  PeerCertificate root = *PeerCertificate::from_x509(certificate.get());

  EXPECT_TRUE(root.is_ca());
  EXPECT_EQ(root.uri_sans(), std::vector<std::string>{"spiffe://td.test"});
  EXPECT_EQ(root.key_usage(), (Flags{KeyUse::kKeyCertSign, KeyUse::kCrlSign}));
  EXPECT_EQ(root.key_usage_criticality(), Criticality::kCritical);
  EXPECT_EQ(criticality(certificate.get(), NID_basic_constraints), 1);
  EXPECT_EQ(root.not_before(), kTestNow - 60s);
  EXPECT_EQ(root.not_after(), kTestNow + 24h);
}

TEST(CertificateAuthority, RefusesARequestForAnotherId) {
  auto ca = authority();
  auto request = *Csr::create(*fresh_key(), workload("/ns/a/sa/admin"));

  auto svid = ca->sign(request, workload("/ns/a/sa/b"), 1h, kTestNow);

  ASSERT_FALSE(svid);
  EXPECT_EQ(svid.error().reason, Reason::kForbidden);
}

TEST(CertificateAuthority, RefusesAnIdOfAnotherTrustDomain) {
  SpiffeId foreign = *SpiffeId::parse("spiffe://other.test/a");

  auto svid = authority()->sign(*Csr::create(*fresh_key(), foreign), foreign, 1h, kTestNow);

  ASSERT_FALSE(svid);
  EXPECT_EQ(svid.error().reason, Reason::kForbidden);
}

TEST(CertificateAuthority, CutsTheLifetimeToItsOwnAndRefusesBelowFiveSeconds) {
  auto ca = authority(1h);
  SpiffeId id = workload("/a");
  auto request = *Csr::create(*fresh_key(), id);

  EXPECT_EQ(ca->sign(request, id, 87600h, kTestNow)->not_after, kTestNow + 1h);
  EXPECT_TRUE(ca->sign(request, id, 5s, kTestNow));
  EXPECT_EQ(ca->sign(request, id, 4999ms, kTestNow).error().reason, Reason::kBadRequest);
  EXPECT_EQ(ca->sign(request, id, -1s, kTestNow).error().reason, Reason::kBadRequest);
}

TEST(CertificateAuthority, RefusesToSignWhenItIsNotValid) {
  auto ca = authority(1h);
  SpiffeId id = workload("/a");
  auto request = *Csr::create(*fresh_key(), id);

  EXPECT_EQ(ca->sign(request, id, 1h, kTestNow + 1h).error().reason, Reason::kUnavailable);
  EXPECT_EQ(ca->sign(request, id, 1h, kTestNow - 61s).error().reason, Reason::kUnavailable);
}

TEST(CertificateAuthority, AddsNamesForTheControlPlane) {
  auto ca = authority();
  SpiffeId id = workload("/ns/heddle-system/sa/heddle-control");
  auto request = *Csr::create(*fresh_key(), id);

  auto svid = ca->sign(request, id, 1h, kTestNow, {{"heddle-control.heddle-system.svc"}, {"10.0.0.1", "::1"}});

  ASSERT_TRUE(svid) << svid.error().detail;
  PeerCertificate leaf = *PeerCertificate::from_x509(leaf_of(*svid).get());
  EXPECT_EQ(leaf.names().dns, std::vector<std::string>{"heddle-control.heddle-system.svc"});
  EXPECT_EQ(leaf.names().ips, (std::vector<std::string>{"10.0.0.1", "::1"}));
  EXPECT_TRUE(verify_peer(CertChain{leaf_of(*svid)}, bundle_of(*ca), kTestNow));
}

TEST(CertificateAuthority, RefusesExtraNamesThatAreNone) {
  auto ca = authority();
  SpiffeId id = workload("/a");
  auto request = *Csr::create(*fresh_key(), id);

  for (const char* dns : {"", "a b", "a..b", "-a", "a,DNS:b", "*.test", "A.test"}) {
    EXPECT_FALSE(ca->sign(request, id, 1h, kTestNow, {{dns}, {}})) << dns;
  }
  for (const char* ip : {"", "10.0.0", "x", "10.0.0.1/8"}) {
    EXPECT_FALSE(ca->sign(request, id, 1h, kTestNow, {{}, {ip}})) << ip;
  }
}

TEST(CertificateAuthority, SurvivesSavingAndLoading) {
  auto ca = authority();
  SpiffeId id = workload("/a");

  auto loaded = CertificateAuthority::from_pem(domain(), ca->to_pem(), ca->key_pem()->view());

  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ((*loaded)->fingerprint(), ca->fingerprint());
  auto svid = (*loaded)->sign(*Csr::create(*fresh_key(), id), id, 1h, kTestNow);
  EXPECT_TRUE(verify_peer(CertChain{leaf_of(*svid)}, bundle_of(*ca), kTestNow));
}

TEST(CertificateAuthority, WithoutItsKeyItIsKnownButSignsNothing) {
  CertificateAuthority::Ptr ca = authority();
  auto known = CertificateAuthority::without_key(domain(), ca->to_pem());

  ASSERT_TRUE(known) << known.error().text();
  EXPECT_FALSE((*known)->has_key());
  EXPECT_EQ((*known)->fingerprint(), ca->fingerprint());
  EXPECT_EQ((*known)->roots()->pins(), ca->roots()->pins());
  SpiffeId id = workload("/ns/a/sa/b");
  auto signed_svid = (*known)->sign(*Csr::create(*fresh_key(), id), id, 1h, kTestNow);
  ASSERT_FALSE(signed_svid);
  EXPECT_EQ(signed_svid.error().reason, Reason::kUnavailable);
  EXPECT_FALSE((*known)->key_pem());
}

TEST(CertificateAuthority, RefusesToLoadWhatCannotSign) {
  TestCa ca("td.test");
  Svid leaf = ca.issue("spiffe://td.test/a");
  std::string key = std::string(ca.key()->to_pem()->view());
  TrustDomain other = *TrustDomain::parse("other.test");

  EXPECT_TRUE(CertificateAuthority::from_pem(domain(), ca.certificate_pem(), key));
  EXPECT_FALSE(CertificateAuthority::from_pem(domain(), ca.certificate_pem(), leaf.key_pem()->view()));
  EXPECT_FALSE(CertificateAuthority::from_pem(domain(), leaf.chain_pem(), leaf.key_pem()->view()));
  EXPECT_FALSE(CertificateAuthority::from_pem(other, ca.certificate_pem(), key));
  EXPECT_FALSE(CertificateAuthority::from_pem(domain(), ca.certificate_pem() + "x", key));
  EXPECT_FALSE(CertificateAuthority::from_pem(domain(), "", key));
}

TEST(CertificateAuthority, ShowsItsIntermediatesButNotTheRoot) {
  TestCa root("td.test");
  TestCa lower = root.intermediate(CertSpec::authority("lower"));
  auto ca = *CertificateAuthority::from_pem(domain(), to_pem(lower.chain()), lower.key()->to_pem()->view());
  SpiffeId id = workload("/a");
  auto key = fresh_key();

  auto svid = ca->sign(*Csr::create(*key, id), id, 1h, kTestNow);

  auto served = Svid::from_pem(svid->chain_pem, key, svid->issued_at);
  ASSERT_TRUE(served) << served.error().detail;
  EXPECT_EQ(served->chain.size(), 2U);
  EXPECT_TRUE(verify_peer(served->chain, root.bundle(), kTestNow));
  EXPECT_EQ(ca->roots()->pins(), root.roots()->pins());
}
}  // namespace heddle
