#include "control/app/federation_metrics.h"

#include <gmock/gmock.h>

#include "tests/unit/control/federation/federation_fixtures.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

class FederationMetricsTest : public testing::Test {
 protected:
  void set(const std::vector<Envelope>& resources) {
    bundles_.set(specs(resources));
    metrics_.follow();
  }
  std::string federated_domain() { return str_cat(web_endpoint("p.test"), ",", given(bundle_of(partner_, 1))); }

  TestCa partner_{"p.test"};
  TestClock clock_;
  Registry registry_;
  FederatedBundles bundles_{trust_domain("own.test")};
  FederationMetrics metrics_{registry_, bundles_, clock_};
};

TEST_F(FederationMetricsTest, WithoutADomainThereAreNoBytes) {
  EXPECT_THAT(registry_.render(), HasSubstr("heddle_control_federation_bytes 0\n"));
  EXPECT_THAT(registry_.render(), Not(HasSubstr("trust_domain=")));
}

TEST_F(FederationMetricsTest, ADomainThatWasGivenItsBundleWasNeverFetched) {
  set({federated("p.test", federated_domain())});

  std::string shown = registry_.render();
  EXPECT_THAT(shown, HasSubstr("heddle_control_federation_roots{trust_domain=\"p.test\"} 1\n"));
  EXPECT_THAT(shown, HasSubstr("heddle_control_federation_age_seconds{trust_domain=\"p.test\"} -1\n"));
  EXPECT_THAT(shown, HasSubstr("heddle_control_federation_failures{trust_domain=\"p.test\"} 0\n"));
  EXPECT_THAT(shown,
              HasSubstr(str_cat("heddle_control_federation_bytes ", std::to_string(bundles_.trust().bytes), "\n")));
}

TEST_F(FederationMetricsTest, TheAgeIsThatOfTheLastGoodAnswer) {
  set({federated("p.test", federated_domain())});
  ASSERT_TRUE(bundles_.take("p.test", bundle_of(partner_, 2), clock_.wall()));
  clock_.advance(90s);
  bundles_.note_failure("p.test", make_error(Reason::kTimeout, "away"));
  bundles_.note_failure("p.test", make_error(Reason::kTimeout, "away"));

  std::string shown = registry_.render();
  EXPECT_THAT(shown, HasSubstr("heddle_control_federation_age_seconds{trust_domain=\"p.test\"} 90\n"));
  EXPECT_THAT(shown, HasSubstr("heddle_control_federation_failures{trust_domain=\"p.test\"} 2\n"));
}

TEST_F(FederationMetricsTest, ADomainThatIsGoneIsNotShown) {
  set({federated("p.test", federated_domain())});

  set({});

  EXPECT_THAT(registry_.render(), Not(HasSubstr("p.test")));
}
}  // namespace
}  // namespace heddle
