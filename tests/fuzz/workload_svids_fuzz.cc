// An X509SVIDResponse of the SPIFFE Workload API: what a SPIRE agent, or whoever sits behind its socket, may say.
#include "certs/limits.h"
#include "certs/verify.h"
#include "proxy/identity/workload_messages.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'893'456'000)};  // 2030-01-01T00:00:00Z

void expect_identity(const TlsMaterial& material, const WorkloadRules& rules) {
  const Svid& svid = *material.svid;
  expect(svid.id.trust_domain() == rules.domain, "the identity is of our trust domain", svid.id.text());
  expect(!svid.id.path().empty(), "the identity names a workload", svid.id.text());
  expect(EVP_PKEY_eq(X509_get0_pubkey(svid.chain.front().get()), svid.key->raw()) == 1, "the key is the leaf's");
  expect(bool(verify_peer(svid.chain, *material.bundle, kNow)), "the bundle vouches for it");
  expect(material.bundle->domains().size() <= workload::kMaxDomains + 1, "the number of domains is bounded");
}

void expect_round_trip(const TlsMaterial& material, const WorkloadRules& rules) {
  Result<Secret> encoded = encode_x509_svids(*material.svid, *material.bundle);
  expect(bool(encoded), "what was taken can be handed on");
  if (!encoded) return;
  Result<TlsMaterial> again = read_x509_svids(encoded->view(), rules, kNow);
  expect(again && again->svid->id == material.svid->id, "and is taken again");
  if (!again) return;
  expect_same(again->svid->chain_pem(), material.svid->chain_pem(), "the chain survives");
  expect_same(encode_x509_bundles(*again->bundle), encode_x509_bundles(*material.bundle), "the bundles survive");
}
}  // namespace

HEDDLE_FUZZ_TARGET(workload_svids, input) {
  ERR_clear_error();
  static const WorkloadRules rules{*TrustDomain::parse("fuzz.test"), std::nullopt};
  (void)is_workload_request(input);
  Result<TlsMaterial> material = read_x509_svids(input, rules, kNow);
  expect(ERR_peek_error() == 0, "OpenSSL's error queue is left empty");
  if (!material) return expect(material.error().reason != Reason::kInternal, "a refusal is the sender's fault");
  expect_identity(*material, rules);
  expect_round_trip(*material, rules);
}
}  // namespace heddle::fuzz
