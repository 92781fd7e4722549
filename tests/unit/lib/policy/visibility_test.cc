#include "lib/policy/visibility.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
SpiffeId id_of(std::string_view ns) {
  return *SpiffeId::parse("spiffe://cluster.local/ns/" + std::string(ns) + "/sa/web");
}

ServiceSpec service_of(VisibilityScope scope, std::vector<std::string> identities = {}) {
  ServiceSpec out;
  out.key = {Kind::kService, "shop", "cart"};
  out.visibility = {scope, std::move(identities)};
  return out;
}

TEST(Visibility, AServiceOfTheMeshIsForEverySidecar) {
  EXPECT_TRUE(is_visible(service_of(VisibilityScope::kMesh), id_of("other")));
}

TEST(Visibility, AServiceOfItsNamespaceIsForTheIdentitiesThere) {
  ServiceSpec service = service_of(VisibilityScope::kNamespace);

  EXPECT_TRUE(is_visible(service, id_of("shop")));
  EXPECT_FALSE(is_visible(service, id_of("other")));
  EXPECT_FALSE(is_visible(service, *SpiffeId::parse("spiffe://cluster.local/shop")));
}

TEST(Visibility, AServiceForIdentitiesIsForThoseThatFitAPattern) {
  ServiceSpec service = service_of(VisibilityScope::kIdentities, {"spiffe://cluster.local/ns/bank/*"});

  EXPECT_TRUE(is_visible(service, id_of("bank")));
  EXPECT_FALSE(is_visible(service, id_of("shop")));
  EXPECT_FALSE(is_visible(service_of(VisibilityScope::kIdentities), id_of("bank")));
}
}  // namespace
}  // namespace heddle
