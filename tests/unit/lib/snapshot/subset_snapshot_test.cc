// Subsets and policies of balancing in snapshots: what is in force, and what a change of a parent or a policy changes.
#include <gtest/gtest.h>

#include <algorithm>

#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string heddle(std::string_view kind, std::string_view name, std::string_view spec) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: ", kind, ", metadata: {name: ", name, "}, spec: ", spec,
                 "}\n---\n");
}
std::string all(std::string_view version_of_second) {
  return heddle("BackendSet", "all",
                str_cat("{tls: plaintext, endpoints: [{address: 10.0.0.1, port: 80, labels: {version: v1}}, ",
                        "{address: 10.0.0.2, port: 80, labels: {version: ", version_of_second, "}}]}"));
}
std::string subset(std::string_view name) {
  return heddle("BackendSet", name, str_cat("{subsetOf: {name: all, labels: {version: ", name, "}}}"));
}
std::string policy(std::string_view name, std::string_view target, std::string_view rest) {
  return heddle("TrafficPolicy", name, str_cat("{targetRef: {name: ", target, "}, ", rest, "}"));
}
const std::string kHealth = heddle("HealthPolicy", "h", "{targetRef: {name: all}, active: [{kind: tcp}]}");

class SubsetSnapshotTest : public testing::Test {
 protected:
  std::shared_ptr<const Snapshot> apply(ConfigChange::Kind kind, std::string_view yaml,
                                        std::vector<ResourceKey> deletes = {}) {
    BuildOutcome out = builder_.apply({kind, {1, ++sequence_}, resources_of(yaml), std::move(deletes), std::nullopt});
    EXPECT_TRUE(out) << out.problems.text();
    changes_ = out.changes;
    return out.snapshot;
  }
  std::shared_ptr<const Snapshot> replace(std::string_view yaml) {
    return apply(ConfigChange::Kind::kReplaceAll, yaml);
  }
  std::shared_ptr<const Snapshot> delta(std::string_view yaml, std::vector<ResourceKey> deletes = {}) {
    return apply(ConfigChange::Kind::kDelta, yaml, std::move(deletes));
  }
  static const BackendSetEntry& set(const Snapshot& snapshot, std::string name) {
    return *snapshot.find_backend_set({"default", std::move(name)});
  }
  static std::string endpoints(const Snapshot& snapshot, std::string name) {
    std::string out;
    for (const Endpoint& endpoint : set(snapshot, std::move(name)).spec->endpoints) {
      out.append(out.empty() ? "" : " ").append(endpoint.address().ip());
    }
    return out;
  }
  SnapshotBuilder builder_{ModelScope::kWhole};
  ChangeList changes_;
  uint64_t sequence_ = 0;
};

TEST_F(SubsetSnapshotTest, ASubsetHasTheEndpointsOfItsParent) {
  auto snapshot = replace(all("v2") + subset("v1") + subset("v2"));

  EXPECT_EQ(endpoints(*snapshot, "v1"), "10.0.0.1");
  EXPECT_EQ(endpoints(*snapshot, "v2"), "10.0.0.2");
  EXPECT_EQ(endpoints(*snapshot, "all"), "10.0.0.1 10.0.0.2");
}

TEST_F(SubsetSnapshotTest, AnEndpointThatIsRelabelledMovesWithItsParentsChange) {
  replace(all("v2") + subset("v1") + subset("v2"));

  auto snapshot = delta(all("v1"));

  EXPECT_EQ(endpoints(*snapshot, "v1"), "10.0.0.1 10.0.0.2");
  EXPECT_EQ(endpoints(*snapshot, "v2"), "");
  EXPECT_EQ(changes_.replaced.size(), 3U);
}

TEST_F(SubsetSnapshotTest, WhatDoesNotChangeStaysTheSameObject) {
  std::string yaml = all("v2") + subset("v1") + policy("p", "v1", "loadBalancer: {policy: random}");
  auto before = replace(yaml);

  auto after = delta(service_yaml("other"));

  EXPECT_EQ(&set(*before, "v1"), &set(*after, "v1"));
  EXPECT_EQ(&set(*before, "all"), &set(*after, "all"));
}

TEST_F(SubsetSnapshotTest, AHealthPolicyOfTheParentIsTheSubsets) {
  auto snapshot = replace(all("v2") + subset("v1") + kHealth);

  ASSERT_NE(set(*snapshot, "v1").health, nullptr);
  EXPECT_EQ(set(*snapshot, "v1").health, set(*snapshot, "all").health);
  EXPECT_EQ(set(*delta("", {{Kind::kHealthPolicy, "default", "h"}}), "v1").health, nullptr);
}

TEST_F(SubsetSnapshotTest, APolicyChangesHowItsSetAndTheSubsetsBalance) {
  replace(all("v2") + subset("v1"));

  auto with = delta(policy("p", "all", "limits: {requests: 5}, loadBalancer: {policy: random}"));
  auto without = delta("", {{Kind::kTrafficPolicy, "default", "p"}});

  for (std::string name : {"all", "v1"}) {
    EXPECT_EQ(set(*with, name).spec->lb.policy, LbPolicy::kRandom) << name;
    EXPECT_EQ(set(*with, name).traffic->limits.requests, 5U) << name;
    EXPECT_EQ(set(*without, name).spec->lb.policy, LbPolicy::kPeakEwma) << name;
    EXPECT_EQ(set(*without, name).traffic, nullptr) << name;
  }
  EXPECT_EQ(endpoints(*with, "all"), "10.0.0.1 10.0.0.2") << "all else is the set's own";
}

TEST_F(SubsetSnapshotTest, AParentThatASubsetNeedsCannotGo) {
  replace(all("v2") + subset("v1"));

  BuildOutcome out = builder_.apply(
      {ConfigChange::Kind::kDelta, {1, ++sequence_}, {}, {{Kind::kBackendSet, "default", "all"}}, std::nullopt});

  EXPECT_FALSE(out);
  EXPECT_EQ(out.problems.text(),
            "BackendSet default/v1: spec.subsetOf.name: no BackendSet \"all\" in namespace \"default\"");
}
}  // namespace
}  // namespace heddle
