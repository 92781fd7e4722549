// Whether a backend set has enough healthy endpoints, and what it says where it has not.
#include "proxy/upstream/set_share.h"

#include <gtest/gtest.h>

#include "tests/support/upstream_rig.h"

namespace heddle {
namespace {
SetHealth health(size_t healthy, size_t present, bool is_usable = false) { return {{healthy, present}, is_usable}; }

BackendSetSpec subset(Labels labels, size_t endpoints) {
  BackendSetSpec out;
  out.subset = Rare<SubsetSpec>(SubsetSpec{"hello", std::move(labels)});
  out.endpoints.resize(endpoints);
  return out;
}

TEST(AbsenceText, CountsWhereAShareIsWanted) {
  BackendSetSpec set;
  EXPECT_EQ(absence_text(set, health(0, 10)), "");
  set.lb.shape.min_healthy = 50;

  EXPECT_EQ(absence_text(set, health(2, 10)), "minimum healthy share: 2 of 10 healthy, 50 % wanted");
  EXPECT_EQ(absence_text(set, health(0, 0)), "") << "nobody is there, healthy or not";
}

TEST(AbsenceText, NamesTheLabelsOfASubset) {
  EXPECT_EQ(absence_text(subset({{"tier", "gold"}, {"version", "v2"}}, 0), health(0, 0)),
            "no endpoint of hello has the labels \"tier=gold,version=v2\"");
  EXPECT_EQ(absence_text(subset({{"version", "v2"}}, 3), health(0, 3)),
            "endpoints of hello with the labels \"version=v2\": 0 of 3 healthy");
}

TEST(AbsenceText, FitsIntoAHeaderWhateverLabelsSay) {
  EXPECT_EQ(absence_text(subset({{"a", "x\r\ny: z"}}, 0), health(0, 0)).find('\n'), std::string::npos);
  Labels many;
  for (int i = 0; i < 64; ++i) many["label-" + std::to_string(i)] = std::string(63, 'x');
  EXPECT_EQ(absence_text(subset(std::move(many), 0), health(0, 0)).size(), kMaxAbsenceText);
}

class SetShareTest : public UpstreamRig {
 protected:
  BackendSet make(uint32_t min_healthy, BackendSet::Policy policy = nullptr) {
    spec_.key = {Kind::kBackendSet, "default", "b"};
    spec_.tls = UpstreamTls::kPlaintext;
    spec_.lb.shape.min_healthy = min_healthy;
    for (uint16_t port = 1; port <= 4; ++port) {
      spec_.endpoints.emplace_back().key.address = Address::loopback(port);
    }
    return BackendSet(context_, std::make_shared<const BackendSetSpec>(spec_), nullptr, std::move(policy));
  }
  void fail(uint16_t port) { health_.get({Address::loopback(port), ""})->set(HealthFlag::kCheckFailed, {}); }
  void heal(uint16_t port) { health_.get({Address::loopback(port), ""})->clear(HealthFlag::kCheckFailed, {}); }
  BackendSetSpec spec_;
};

TEST_F(SetShareTest, FollowsTheHealthOfTheEndpoints) {
  BackendSet set = make(50);
  EXPECT_TRUE(set.is_usable()) << "before the first pick, too";
  fail(1);
  fail(2);
  EXPECT_TRUE(set.is_usable());
  fail(3);
  EXPECT_FALSE(set.is_usable());
  heal(2);

  EXPECT_TRUE(set.is_usable());
}

TEST_F(SetShareTest, ASetWithoutAMinimumIsUsableWhileSomebodyIs) {
  BackendSet set = make(0);
  for (uint16_t port = 1; port <= 3; ++port) fail(port);
  EXPECT_TRUE(set.is_usable());
  fail(4);

  EXPECT_FALSE(set.is_usable());
}

TEST_F(SetShareTest, APickBelowTheMinimumFailsWithTheCountsAndIsCounted) {
  BackendSet set = make(50);
  for (uint16_t port = 1; port <= 3; ++port) fail(port);

  auto picked = set.pick({});

  ASSERT_FALSE(picked);
  EXPECT_EQ(picked.error().reason, Reason::kNoHealthyEndpoint);
  EXPECT_EQ(picked.error().detail, "minimum healthy share: 1 of 4 healthy, 50 % wanted");
  EXPECT_NE(metrics_.render().find("heddle_upstream_left_total{backend_set=\"default/b\"} 1"), std::string::npos);
}

TEST_F(SetShareTest, TakesAChangedMinimumAndChangedEndpoints) {
  BackendSet set = make(50);
  for (uint16_t port = 1; port <= 3; ++port) fail(port);
  EXPECT_FALSE(set.is_usable());
  spec_.lb.shape.min_healthy = 25;
  set.update(std::make_shared<const BackendSetSpec>(spec_));
  EXPECT_TRUE(set.is_usable());
  spec_.endpoints.pop_back();
  set.update(std::make_shared<const BackendSetSpec>(spec_));

  EXPECT_FALSE(set.is_usable());
}

// Else nobody would ever prove one of the ejected endpoints while requests go elsewhere.
TEST_F(SetShareTest, AnEjectedEndpointWhoseTimeIsOverMakesItUsableForOneRequest) {
  HealthPolicySpec policy;
  policy.outlier = OutlierSpec{};
  policy.outlier->consecutive_errors = 1;
  policy.outlier->max_ejected_percent = 100;
  policy.outlier->base_ejection_time = Duration(0);
  policy.outlier->jitter = 0;
  BackendSet set = make(100, std::make_shared<const HealthPolicySpec>(policy));
  auto failed = set.pick({});
  ASSERT_TRUE(failed);
  failed->finish({Reason::kNone, 500, 0, 0});

  EXPECT_TRUE(set.is_usable());
  auto proof = set.pick({});

  EXPECT_TRUE(proof.has_value()) << "the request that proves it";
  EXPECT_FALSE(set.is_usable()) << "somebody proves it already";
}
}  // namespace
}  // namespace heddle
