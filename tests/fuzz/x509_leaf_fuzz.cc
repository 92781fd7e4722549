// Certificates of peers, in DER: parsing, the rules for leaves, and the chain to a root whose key nobody has.
#include <algorithm>

#include "certs/pem.h"
#include "certs/verify.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_root.h"

namespace heddle::fuzz {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'893'456'000)};  // 2030-01-01T00:00:00Z: the seeds are valid

const TrustBundle& bundle() {
  static const TrustBundle bundle = *TrustBundle::parse_pem(*TrustDomain::parse("fuzz.test"), kFuzzRoot);
  return bundle;
}

std::string text_of(const PeerCertificate& c) {
  std::string out = c.serial() + "|" + c.fingerprint() + "|" + c.subject() + "|" + c.spiffe_id_problem();
  for (const std::string& uri : c.uri_sans()) out += "|" + uri;
  return out + (c.is_ca() ? "|ca" : "") + (c.names().critical ? "|critical" : "");
}

void expect_good_leaf(const PeerCertificate& leaf) {
  expect(leaf.spiffe_id().has_value() && !leaf.spiffe_id()->path().empty(), "a good leaf names a workload");
  expect(leaf.uri_sans().size() == 1 && leaf.uri_sans().front() == leaf.spiffe_id()->text(),
         "a good leaf has one URI name, which is its id", leaf.spiffe_id()->text());
  expect(!leaf.is_ca() && !leaf.key_usage().has(KeyUse::kKeyCertSign), "a good leaf signs nothing");
}

void expect_parsed(const X509Shared& certificate, const PeerCertificate& parsed) {
  Result<X509Shared> again = parse_certificate(to_der(certificate.get(), i2d_X509));
  expect(bool(again), "a certificate survives DER");
  if (!again) return;
  Result<PeerCertificate> same = PeerCertificate::from_x509(again->get());
  expect(bool(same), "a certificate that was read is read again");
  if (same) expect_same(text_of(*same), text_of(parsed), "it says the same then");
  if (!broken_leaf_rule(parsed)) expect_good_leaf(parsed);
}

void expect_verdict(const X509Shared& certificate) {
  Result<VerifiedPeer> verified = verify_peer(CertChain{certificate}, bundle(), kNow);
  if (!verified) return expect(!verified.error().detail.empty(), "a refusal says why");
  const PeerCertificate& peer = *verified->peer;
  expect(!broken_leaf_rule(peer), "a verified peer keeps every rule", text_of(peer));
  expect(peer.spiffe_id()->trust_domain_name() == "fuzz.test", "a root vouches for its own domain only", text_of(peer));
  expect(verified->path_not_before <= kNow && kNow <= verified->path_not_after, "a verified path is valid now");
  bool was_signed =
      std::find(std::begin(kFuzzLeaves), std::end(kFuzzLeaves), peer.fingerprint()) != std::end(kFuzzLeaves);
  expect(was_signed, "only what the root signed is verified", text_of(peer));
}
}  // namespace

HEDDLE_FUZZ_TARGET(x509_leaf, input) {
  ERR_clear_error();
  Result<X509Shared> certificate = parse_certificate(input);
  if (certificate) {
    Result<PeerCertificate> parsed = PeerCertificate::from_x509(certificate->get());
    if (parsed) expect_parsed(*certificate, *parsed);
    expect_verdict(*certificate);
  }
  expect(ERR_peek_error() == 0, "OpenSSL's error queue is left empty");
}
}  // namespace heddle::fuzz
