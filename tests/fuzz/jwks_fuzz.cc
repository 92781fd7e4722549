// Bundles of roots as federated trust domains and SPIRE publish them: one JWK Set, or a map of them by trust domain.
#include "certs/jwks.h"
#include "certs/limits.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
namespace {
std::string pins_of(const DomainRoots& roots) {
  std::string out;
  for (const std::string& pin : roots.pins()) out += pin + " ";
  return out;
}

void expect_round_trip(const TrustDomain& domain, const DomainRoots& roots) {
  expect(roots.certificates().size() <= kMaxRoots, "the number of roots is bounded");
  expect(roots.notes().refresh_hint >= 60s && roots.notes().refresh_hint <= 3600s, "the hint is 60 s to 1 h");
  Result<std::string> json = to_jwks(roots);
  if (!json)
    return expect(json.error().reason == Reason::kUnsupported, "what was read can be published", json.error().text());
  Result<DomainRoots::Ptr> again = parse_jwks(domain, *json);
  expect(bool(again), "what is published can be read", *json);
  if (!again) return;
  expect_same(pins_of(**again), pins_of(roots), "no root is lost or added");
  expect((*again)->notes().sequence == roots.notes().sequence, "the sequence survives", *json);
  expect_same(to_jwks(**again).value_or(""), *json, "publishing again writes the same");
}
}  // namespace

HEDDLE_FUZZ_TARGET(jwks, input) {
  ERR_clear_error();
  static const TrustDomain domain = *TrustDomain::parse("fuzz.test");
  Result<DomainRoots::Ptr> roots = parse_jwks(domain, input);
  if (roots) expect_round_trip(domain, **roots);
  Result<TrustBundle> bundle = parse_bundle_map(input);
  if (bundle) {
    for (const TrustDomain& name : bundle->domains()) expect_round_trip(name, *bundle->find(name));
  }
  expect(ERR_peek_error() == 0, "OpenSSL's error queue is left empty");
}
}  // namespace heddle::fuzz
