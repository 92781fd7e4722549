#include "control/federation/federated_bundles.h"

#include <gmock/gmock.h>

#include "tests/unit/control/federation/federation_fixtures.h"

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr WallTime kWhen{1'800'000'000s};

class FederatedBundlesTest : public testing::Test {
 protected:
  Reason refused(const TestCa& ca, std::optional<uint64_t> sequence) {
    auto taken = bundles_.take("p.test", bundle_of(ca, sequence), kWhen);
    return taken ? Reason::kNone : taken.error().reason;
  }
  std::vector<std::string> pins() {
    DomainRoots::Ptr roots = bundles_.roots_of("p.test");
    return roots == nullptr ? std::vector<std::string>{} : roots->pins();
  }
  TestCa old_{"p.test"};
  TestCa new_{"p.test"};
  FederatedBundles bundles_{trust_domain("own.test")};
};

TEST_F(FederatedBundlesTest, NobodyIsTrustedBeforeTheEndpointAnswered) {
  auto changes = bundles_.set(specs({federated("p.test", web_endpoint("p.test"))}));

  EXPECT_THAT(changes.asked_anew, ElementsAre("p.test"));
  EXPECT_EQ(bundles_.trust().digest, "");
  EXPECT_TRUE(bundles_.trust().texts.empty());
}

TEST_F(FederatedBundlesTest, AnAnswerIsPublished) {
  bundles_.set(specs({federated("p.test", web_endpoint("p.test"))}));

  ASSERT_TRUE(bundles_.take("p.test", bundle_of(new_, 1), kWhen));

  EXPECT_EQ(pins(), new_.roots()->pins());
  EXPECT_EQ(bundles_.trust().digest, federated_digest(bundles_.trust().bundle, trust_domain("own.test")));
  EXPECT_EQ(bundles_.trust().texts.at("p.test"), bundle_of(new_, 1).text);
  EXPECT_EQ(bundles_.trust().bytes, bundle_of(new_, 1).text.size());
}

TEST_F(FederatedBundlesTest, TheGivenBundleCountsUntilTheEndpointAnswered) {
  auto resources = specs({federated("p.test", str_cat(web_endpoint("p.test"), ",", given(bundle_of(old_))))});
  bundles_.set(resources);
  EXPECT_EQ(pins(), old_.roots()->pins());
  EXPECT_EQ(bundles_.find("p.test")->source, BundleSource::kGiven);

  ASSERT_TRUE(bundles_.take("p.test", bundle_of(new_), kWhen));
  auto again = bundles_.set(resources);

  EXPECT_EQ(pins(), new_.roots()->pins());
  EXPECT_THAT(again.asked_anew, IsEmpty());
  EXPECT_THAT(again.obsolete, IsEmpty());
}

TEST_F(FederatedBundlesTest, AChangedGivenBundleReplacesWhatWasFetched) {
  TestCa third("p.test");
  bundles_.set(specs({federated("p.test", str_cat(web_endpoint("p.test"), ",", given(bundle_of(old_))))}));
  ASSERT_TRUE(bundles_.take("p.test", bundle_of(new_, 9), kWhen));

  auto changes =
      bundles_.set(specs({federated("p.test", str_cat(web_endpoint("p.test"), ",", given(bundle_of(third, 1))))}));

  EXPECT_EQ(pins(), third.roots()->pins());
  EXPECT_THAT(changes.asked_anew, ElementsAre("p.test"));
  EXPECT_THAT(changes.obsolete, ElementsAre("p.test"));
}

TEST_F(FederatedBundlesTest, AGivenBundleThatIsTakenBackCountsNoMore) {
  bundles_.set(specs({federated("p.test", str_cat(web_endpoint("p.test"), ",", given(bundle_of(old_))))}));

  bundles_.set(specs({federated("p.test", web_endpoint("p.test"))}));

  EXPECT_THAT(pins(), IsEmpty());
}

TEST_F(FederatedBundlesTest, TheSequenceNeverGoesBack) {
  bundles_.set(specs({federated("p.test", web_endpoint("p.test"))}));
  ASSERT_EQ(refused(old_, 5), Reason::kNone);

  EXPECT_EQ(refused(new_, 4), Reason::kConflict);
  EXPECT_EQ(refused(new_, std::nullopt), Reason::kConflict);
  EXPECT_EQ(refused(new_, 5), Reason::kConflict);
  EXPECT_EQ(pins(), old_.roots()->pins());
  EXPECT_EQ(bundles_.find("p.test")->failures, 3U);
  EXPECT_THAT(bundles_.find("p.test")->problem, HasSubstr("other roots"));

  EXPECT_EQ(refused(old_, 5), Reason::kNone);
  EXPECT_EQ(refused(new_, 6), Reason::kNone);
  EXPECT_EQ(pins(), new_.roots()->pins());
  EXPECT_EQ(bundles_.find("p.test")->failures, 0U);
  EXPECT_EQ(bundles_.find("p.test")->problem, "");
}

TEST_F(FederatedBundlesTest, WithoutSequencesTheNewestCounts) {
  bundles_.set(specs({federated("p.test", web_endpoint("p.test"))}));

  EXPECT_EQ(refused(old_, std::nullopt), Reason::kNone);
  EXPECT_EQ(refused(new_, std::nullopt), Reason::kNone);
  EXPECT_EQ(pins(), new_.roots()->pins());
}

TEST_F(FederatedBundlesTest, AFailureLeavesTheLastGoodOne) {
  bundles_.set(specs({federated("p.test", web_endpoint("p.test"))}));
  ASSERT_EQ(refused(old_, 1), Reason::kNone);

  bundles_.note_failure("p.test", make_error(Reason::kTimeout, "away"));

  EXPECT_EQ(pins(), old_.roots()->pins());
  EXPECT_THAT(bundles_.find("p.test")->problem, HasSubstr("away"));
}

TEST_F(FederatedBundlesTest, ADomainWithoutResourceIsGoneAtOnce) {
  bundles_.set(specs({federated("p.test", given(bundle_of(old_)))}));
  ASSERT_NE(bundles_.trust().digest, "");

  auto changes = bundles_.set({});

  EXPECT_THAT(changes.gone, ElementsAre("p.test"));
  EXPECT_THAT(changes.obsolete, ElementsAre("p.test"));
  EXPECT_EQ(bundles_.trust().digest, "");
  EXPECT_EQ(refused(new_, 1), Reason::kNotFound);
}

TEST_F(FederatedBundlesTest, OurOwnDomainIsNeverFederated) {
  TestCa own("own.test");

  bundles_.set(specs({federated("own.test", given(bundle_of(own)))}));

  EXPECT_TRUE(bundles_.rows().empty());
}

TEST_F(FederatedBundlesTest, WhatDoesNotFitIsRefusedByName) {
  bundles_.set(specs({federated("big.test", web_endpoint("b.test")), federated("p.test", web_endpoint("p.test"))}));
  FederatedBundle big = bundle_of(TestCa("big.test"));
  big.text = std::string(kMaxFederatedBytes - 100, ' ');
  ASSERT_TRUE(bundles_.take("big.test", big, kWhen));

  EXPECT_EQ(refused(new_, 1), Reason::kTooLarge);
  EXPECT_THAT(bundles_.find("p.test")->problem, HasSubstr("bundle of p.test"));
}

TEST_F(FederatedBundlesTest, WhatTheDiskKeptCountsForTheSameResourceOnly) {
  auto resources = specs({federated("p.test", str_cat(web_endpoint("p.test"), ",", given(bundle_of(old_))))});
  bundles_.set(resources);
  ASSERT_TRUE(bundles_.take("p.test", bundle_of(new_, 3), kWhen));
  StoredFederated stored = bundles_.to_store("p.test");

  FederatedBundles same(trust_domain("own.test"));
  same.set(resources);
  EXPECT_TRUE(same.restore(stored));
  EXPECT_EQ(same.roots_of("p.test")->pins(), new_.roots()->pins());
  EXPECT_EQ(same.find("p.test")->fetched, kWhen);

  FederatedBundles other(trust_domain("own.test"));
  other.set(specs({federated("p.test", str_cat(web_endpoint("p.test"), ",", given(bundle_of(TestCa("p.test")))))}));
  EXPECT_FALSE(other.restore(stored)) << "another bundle was given since";
  other.set(specs({federated("p.test", given(bundle_of(old_)))}));
  EXPECT_FALSE(other.restore(stored)) << "there is no endpoint any more";
  other.set({});
  EXPECT_FALSE(other.restore(stored)) << "the domain was revoked";
}
}  // namespace
}  // namespace heddle
