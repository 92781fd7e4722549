// What is told to the control plane about the bundle in use.
#include "proxy/app/sources.h"

#include <gtest/gtest.h>

#include "tests/support/test_ca.h"

namespace heddle {
namespace {
std::shared_ptr<const TlsIdentity> identity_of(const Svid& svid, const TrustBundle& bundle) {
  return *TlsIdentity::create({std::make_shared<const Svid>(svid), std::make_shared<const TrustBundle>(bundle)});
}

TEST(TrustInUse, NamesOurOwnRootsAndTheOthersSeparately) {
  TestCa own("cluster.local");
  TestCa partner("partner.example");
  Svid svid = own.issue("spiffe://cluster.local/ns/default/sa/hello");
  TrustBundle both = own.bundle();
  both.replace(partner.roots());

  WatchTrustInUse alone = trust_in_use(*identity_of(svid, own.bundle()));
  WatchTrustInUse federated = trust_in_use(*identity_of(svid, both));

  EXPECT_EQ(alone.bundle, own.roots()->digest());
  EXPECT_EQ(alone.authority, own.roots()->pins().front());
  EXPECT_EQ(alone.federated, "");
  EXPECT_EQ(federated.bundle, alone.bundle);
  EXPECT_EQ(federated.authority, alone.authority);
  EXPECT_EQ(federated.federated, federated_digest(both, own.trust_domain()));
  EXPECT_EQ(federated.federated.size(), 64U);
}
}  // namespace
}  // namespace heddle
