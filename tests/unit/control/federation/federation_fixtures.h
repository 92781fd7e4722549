// Bundles and resources of federated trust domains in one line each.
#pragma once
#include "certs/jwks.h"
#include "control/federation/federated_bundles.h"
#include "lib/base/strings.h"
#include "tests/support/test_ca.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
inline TrustDomain trust_domain(std::string_view name) { return *TrustDomain::parse(name); }

inline FederatedBundle bundle_of(const TestCa& ca, std::optional<uint64_t> sequence = std::nullopt) {
  auto roots = *DomainRoots::create(ca.trust_domain(), {ca.roots()->certificates()}, {sequence, 300s});
  return {roots, *to_jwks(*roots)};
}

inline std::string web_endpoint(std::string_view host) {
  return str_cat(R"("bundleEndpoint":{"url":"https://)", host, R"(/b","profile":"https_web"})");
}
inline std::string spiffe_endpoint(std::string_view host, std::string_view id) {
  return str_cat(R"("bundleEndpoint":{"url":"https://)", host, R"(/b","profile":"https_spiffe","spiffeId":")", id,
                 R"("})");
}
inline std::string given(const FederatedBundle& bundle) { return str_cat(R"("bundle":)", bundle.text); }

// `more`: the rest of the spec.
inline Envelope federated(std::string_view domain, std::string_view more) {
  return heddle_resource("FederatedTrustDomain", "default", domain,
                         str_cat(R"({"trustDomain":")", domain, R"(",)", more, "}"));
}

inline SpecMap<FederatedTrustDomainSpec> specs(const std::vector<Envelope>& resources) {
  SpecMap<FederatedTrustDomainSpec> out;
  for (const Envelope& resource : resources) {
    Problems problems;
    auto spec = parse_spec(resource, problems);
    EXPECT_TRUE(spec) << problems.text();
    out.emplace(resource.key, std::get<std::shared_ptr<const FederatedTrustDomainSpec>>(*spec));
  }
  return out;
}
}  // namespace heddle
