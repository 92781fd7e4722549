#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "certs/jwks.h"
#include "lib/api/federated.h"
#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "lib/config/validate.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
using testing::HasSubstr;

constexpr std::string_view kWeb = "bundleEndpoint: {url: 'https://p.test/b', profile: https_web}";

std::string yaml(std::string_view name, std::string_view domain, std::string_view more) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: FederatedTrustDomain, metadata: {name: ", name,
                 "}, spec: {trustDomain: ", domain, ", ", more, "}}\n");
}
std::string problems_of(std::string_view more, std::string_view domain = "p.test") {
  return spec_problems_of(yaml("x", domain, more));
}
// YAML takes JSON as it is.
std::string bundle_of(const TestCa& ca) { return str_cat("bundle: ", *to_jwks(*ca.roots())); }

std::shared_ptr<const FederatedTrustDomainSpec> parsed(std::string_view text) {
  Problems problems;
  auto spec = parse_resource(resources_of(text).at(0), problems);
  EXPECT_TRUE(spec) << problems.text();
  return std::get<std::shared_ptr<const FederatedTrustDomainSpec>>(*spec);
}

Model model_of(std::string_view text) {
  Model model;
  for (const Resource& resource : resources_of(text)) {
    Problems problems;
    put_spec(model, resource.key, *parse_resource(resource, problems));
  }
  return model;
}

TEST(ParseFederation, ReadsEveryField) {
  TestCa ca("p.test");
  auto spec = parsed(yaml("x", "p.test",
                          str_cat("bundleEndpoint: {url: 'https://p.test:8443/b', profile: https_spiffe, spiffeId: "
                                  "'spiffe://p.test/control'}, ",
                                  bundle_of(ca))));

  EXPECT_EQ(spec->trust_domain->name(), "p.test");
  EXPECT_EQ(spec->endpoint->url.text(), "https://p.test:8443/b");
  EXPECT_EQ(spec->endpoint->profile, BundleProfile::kHttpsSpiffe);
  EXPECT_EQ(spec->endpoint->id->text(), "spiffe://p.test/control");
  EXPECT_EQ(spec->bundle->pins(), ca.roots()->pins());
  EXPECT_EQ(spec->bundle_text, *to_jwks(*ca.roots()));
}

TEST(ParseFederation, AnEndpointOrABundleIsEnough) {
  EXPECT_EQ(problems_of(kWeb), "");
  EXPECT_EQ(problems_of(bundle_of(TestCa("p.test"))), "");
  EXPECT_THAT(problems_of("bundle: 5"), HasSubstr("spec.bundle"));
  EXPECT_THAT(spec_problems_of("{apiVersion: heddle.dev/v1, kind: FederatedTrustDomain, metadata: {name: x}, spec: "
                               "{trustDomain: p.test}}"),
              HasSubstr("spec.bundle: is required where there is no bundleEndpoint"));
}

TEST(ParseFederation, NothingIsInferredOfAnEndpoint) {
  EXPECT_THAT(problems_of("bundleEndpoint: {url: 'https://p.test/b'}"), HasSubstr("profile: is required"));
  EXPECT_THAT(problems_of("bundleEndpoint: {profile: https_web}"), HasSubstr("bundleEndpoint.url"));
  EXPECT_THAT(problems_of("bundleEndpoint: {url: 'https://p.test/b', profile: web}"), HasSubstr("https_web"));
  EXPECT_THAT(problems_of("bundleEndpoint: {url: 'https://p.test/b', profile: https_spiffe}"),
              HasSubstr("spiffeId: is required"));
  EXPECT_THAT(problems_of("bundleEndpoint: {url: 'https://p.test/b', profile: https_web, spiffeId: 'spiffe://a/b'}"),
              HasSubstr("belongs to https_spiffe only"));
}

TEST(ParseFederation, TheFirstConnectionToADomainsOwnEndpointIsProved) {
  std::string endpoint = "bundleEndpoint: {url: 'https://x.test/b', profile: https_spiffe, spiffeId: 'spiffe://";

  EXPECT_THAT(problems_of(endpoint + "p.test/c'}"), HasSubstr("bundle: is required by https_spiffe"));
  EXPECT_EQ(problems_of(endpoint + "other.test/c'}"), "") << "whose bundle is known";
}

TEST(ParseFederation, RefusesBadBundlesByName) {
  CertSpec leaf = CertSpec::leaf("spiffe://p.test/a");

  EXPECT_THAT(problems_of("bundle: {keys: []}"), HasSubstr("no certificate"));
  EXPECT_THAT(problems_of("bundle: {}"), HasSubstr("`keys` is required"));
  EXPECT_THAT(problems_of(str_cat(
                  "bundle: {keys: [{kty: EC, use: x509-svid, x5c: ['",
                  to_base64(as_bytes(to_der(TestCa("p.test").issue(leaf).chain.front().get(), i2d_X509))), "']}]}")),
              HasSubstr("not a CA"));
}

TEST(ParseFederation, RefusesBadDomains) {
  EXPECT_THAT(problems_of(kWeb, "P.test"), HasSubstr("spec.trustDomain"));
  EXPECT_THAT(problems_of(kWeb, "'spiffe://p.test'"), HasSubstr("spec.trustDomain"));
  EXPECT_THAT(problems_of("bundleEndpoint: {url: 'http://p.test/b', profile: https_web}"), HasSubstr("scheme https"));
}

TEST(ValidateFederation, ADomainHasOneResourceAndIsNotOurOwn) {
  TrustDomain own = *TrustDomain::parse("own.test");
  Model twice = model_of(yaml("a", "p.test", kWeb) + "---\n" + yaml("b", "p.test", kWeb));
  Model ours = model_of(yaml("a", "own.test", kWeb));

  EXPECT_EQ(
      validate(twice, ModelScope::kWhole, &own).text(),
      "FederatedTrustDomain default/b: spec.trustDomain: \"p.test\" has the FederatedTrustDomain default/a already");
  EXPECT_THAT(validate(ours, ModelScope::kWhole, &own).text(), HasSubstr("this mesh's own trust domain"));
  EXPECT_TRUE(validate(ours, ModelScope::kWhole).empty()) << "nobody said which is our own";
}

TEST(ValidateFederation, CountAndBytesAreBounded) {
  std::string many;
  for (size_t i = 0; i <= kMaxFederatedDomains; ++i)
    many += str_cat("---\n", yaml(str_cat("d", std::to_string(i)), str_cat("d", std::to_string(i), ".test"), kWeb));
  Model full = model_of(many);

  EXPECT_THAT(validate(full, ModelScope::kWhole).text(), HasSubstr("at most 64"));
  full.erase(full.federated_domains.begin()->first);
  EXPECT_TRUE(validate(full, ModelScope::kWhole).empty());

  auto big = std::make_shared<FederatedTrustDomainSpec>(*full.federated_domains.begin()->second);
  big->bundle_text = std::string(kMaxFederatedBytes + 1, 'x');
  full.federated_domains.begin()->second = big;
  EXPECT_THAT(validate(full, ModelScope::kWhole).text(), HasSubstr("does not fit"));
}
}  // namespace
}  // namespace heddle
