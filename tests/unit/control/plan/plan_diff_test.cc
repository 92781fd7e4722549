#include "control/plan/plan_diff.h"

#include "control/plan/plan_scope.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
class PlanDiffTest : public testing::Test {
 protected:
  void SetUp() override {
    store_.put(backend_set("a"));
    store_.put(service("a"));
  }
  View preview(Envelope resource) {
    Result<Commit> commit = store_->preview(CommitRequest{{PutOperation{std::move(resource)}}});
    EXPECT_TRUE(commit.has_value()) << commit.error().text();
    return commit->after;
  }
  TestStore store_;
};

TEST_F(PlanDiffTest, WhatIsAppliedAgainChangesNothing) {
  EXPECT_TRUE(plan_diff(store_->view(), preview(service("a"))).empty());
}

TEST_F(PlanDiffTest, NamesTheFieldsOfAChangeWithBothValues) {
  PlanDiff diff = plan_diff(store_->view(), preview(backend_set("a", "9090")));

  ASSERT_EQ(diff.resources.size(), 1U);
  EXPECT_EQ(diff.changed, 1U);
  EXPECT_EQ(diff.resources[0].key.text(), "BackendSet/default/a");
  EXPECT_EQ(diff.resources[0].field_count, 1U);
  EXPECT_EQ(diff.resources[0].fields[0], (PlannedField{"spec.endpoints[0].port", "8080", "9090"}));
}

TEST_F(PlanDiffTest, TellsWhatComesAndWhatGoes) {
  View with_b = preview(backend_set("b"));

  PlanDiff created = plan_diff(store_->view(), with_b);
  PlanDiff removed = plan_diff(with_b, store_->view());

  EXPECT_EQ(created.added, 1U);
  EXPECT_EQ(created.resources[0].kind, ChangeKind::kAdded);
  EXPECT_EQ(removed.removed, 1U);
  EXPECT_EQ(removed.resources[0].key.text(), "BackendSet/default/b");
}

TEST_F(PlanDiffTest, CutsLongValuesAndManyFields) {
  std::string hosts;
  for (int i = 0; i < 60; ++i) hosts.append(str_cat(i == 0 ? "" : ",", "\"h", std::to_string(i), ".example\""));
  store_.put(service("a", str_cat(R"(,"hosts":[)", hosts, "]")));
  size_t first = 0;
  while ((first = hosts.find(".example", first)) != std::string::npos) hosts.replace(first, 8, ".test");

  PlanDiff many = plan_diff(store_->view(), preview(service("a", str_cat(R"(,"hosts":[)", hosts, "]"))));
  PlanDiff large = plan_diff(store_->view(), preview(service("a")));

  EXPECT_EQ(many.resources[0].field_count, 60U);
  EXPECT_EQ(many.resources[0].fields.size(), PlanDiff::kMaxFields);
  EXPECT_EQ(large.resources[0].fields[0].before.size(), PlanDiff::kMaxValue + 3);
  EXPECT_EQ(large.resources[0].fields[0].after, "");
}

class PlanScopeTest : public PlanDiffTest {
 protected:
  static PlanNode node(std::string_view name, std::string_view want, bool is_refusing = false) {
    std::string id = str_cat("spiffe://cluster.local/ns/shop/sa/", name);
    return {{id, std::string(name)},
            {*SpiffeId::parse(id), WatchScope::kWants, {*ResourceKey::parse(str_cat("Service/default/", want))}},
            is_refusing};
  }
};

TEST_F(PlanScopeTest, AffectedIsWhoHoldsWhatChanges) {
  PlanScope scope = plan_scope(store_->view(), preview(backend_set("a", "9090")), {node("one", "a"), node("two", "b")});

  EXPECT_EQ(scope.sidecars, 2U);
  EXPECT_EQ(scope.affected, 1U);
  EXPECT_EQ(scope.names, std::vector<std::string>{"one (spiffe://cluster.local/ns/shop/sa/one)"});
  EXPECT_EQ(scope.namespaces, std::set<std::string>{"shop"});
}

TEST_F(PlanScopeTest, AWantThatIsMetForTheFirstTimeCounts) {
  store_.put(backend_set("b"));

  EXPECT_EQ(plan_scope(store_->view(), preview(service("b")), {node("two", "b")}).affected, 1U);
}

TEST_F(PlanScopeTest, NamesThoseThatObeyAnOlderVersion) {
  PlanScope scope = plan_scope(store_->view(), preview(backend_set("a", "9090")), {node("one", "a", true)});

  EXPECT_EQ(scope.refusing_count, 1U);
  EXPECT_EQ(scope.refusing, scope.names);
}

TEST_F(PlanScopeTest, WhoIsNotForTheCallersEyesIsCountedOnly) {
  PlanNode hidden = node("one", "a", true);
  hidden.is_named = false;

  PlanScope scope = plan_scope(store_->view(), preview(backend_set("a", "9090")), {hidden});

  EXPECT_EQ(scope.affected, 1U);
  EXPECT_EQ(scope.refusing_count, 1U);
  EXPECT_TRUE(scope.names.empty() && scope.refusing.empty());
}

TEST_F(PlanScopeTest, ComparesSoManyDistinctRequestsAndCountsTheRest) {
  std::vector<PlanNode> nodes;
  for (size_t i = 0; i < PlanScope::kMaxRequests + 3; ++i)
    nodes.push_back(node("one", str_cat("w", std::to_string(i))));

  PlanScope scope = plan_scope(store_->view(), preview(backend_set("a", "9090")), nodes);

  EXPECT_EQ(scope.sidecars, nodes.size());
  EXPECT_EQ(scope.not_compared, 3U);
}

TEST_F(PlanScopeTest, TellsAHundredNamesAndCountsAll) {
  std::vector<PlanNode> nodes;
  for (int i = 0; i < 150; ++i) nodes.push_back(node(str_cat("n", std::to_string(i)), "a"));

  PlanScope scope = plan_scope(store_->view(), preview(backend_set("a", "9090")), nodes);

  EXPECT_EQ(scope.affected, 150U);
  EXPECT_EQ(scope.names.size(), PlanScope::kMaxNames);
}
}  // namespace
}  // namespace heddle
