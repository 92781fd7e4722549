// SPIFFE ids as peers and resources spell them.
#include "certs/limits.h"
#include "certs/spiffe_id.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
namespace {
constexpr std::string_view kNames = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
constexpr std::string_view kSegments = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_/";

void expect_shape(const SpiffeId& id, std::string_view input) {
  expect_same(id.text(), input, "an id is its text, nothing is repaired");
  expect(id.text().size() <= kMaxSpiffeId, "an id is at most 2048 bytes");
  std::string_view domain = id.trust_domain_name();
  expect(!domain.empty() && domain.size() <= kMaxTrustDomain, "a trust domain is 1-255 bytes", domain);
  expect(domain.find_first_not_of(kNames) == domain.npos, "a trust domain has no other bytes", domain);
  std::string path(id.path());
  expect(path.find_first_not_of(kSegments) == path.npos, "a path has no other bytes", path);
  path += '/';
  for (std::string_view bad : {"//", "/./", "/../"})
    expect(path.find(bad) == path.npos, "no empty or dot segment", path);
}

void expect_round_trips(const SpiffeId& id) {
  Result<SpiffeId> again = SpiffeId::parse(id.text());
  expect(again && *again == id, "an id parses to itself", id.text());
  Result<SpiffeId> built = SpiffeId::from_path(id.trust_domain(), id.path());
  expect(built && *built == id && built->path() == id.path(), "an id is its trust domain and its path", id.text());
  Result<TrustDomain> domain = TrustDomain::parse(id.trust_domain_name());
  expect(domain && *domain == id.trust_domain(), "its trust domain is one", id.text());
  std::optional<SpiffeId::Workload> workload = id.workload();
  if (!workload) return;
  Result<SpiffeId> made = SpiffeId::for_workload(id.trust_domain(), workload->name_space, workload->service_account);
  expect(made && *made == id, "a workload's id is made of its two names", id.text());
}
}  // namespace

HEDDLE_FUZZ_TARGET(spiffe_id, input) {
  Result<SpiffeId> id = SpiffeId::parse(input);
  if (!id) return expect(!id.error().detail.empty(), "a refusal says why");
  expect_shape(*id, input);
  expect_round_trips(*id);
}
}  // namespace heddle::fuzz
