#include "control/api/remote_scopes.h"

#include "control/api/remote_holders.h"
#include "control/api/resource_conditions.h"
#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
const std::string kWeb = "spiffe://cluster.local/ns/default/sa/web";

struct NothingStaged final : StagedViews {
  const View* staged() const override { return view ? &*view : nullptr; }
  bool has(const NodeKey& key) const override { return key.node == cohort; }
  std::optional<View> view;
  std::string cohort;
};

class RemoteScopesTest : public WatchHubTest {
 protected:
  RemoteScopesTest() { registry_.on_replica("b", scheduler_.wall()); }
  NodeStatus row(std::string node, std::string_view want, Version runs) const {
    NodeStatus out;
    out.key = {kWeb, std::move(node)};
    out.state = NodeState::kBehind;
    out.runs = runs;
    out.connected = scheduler_.wall();
    NodeRequest request{*SpiffeId::parse(kWeb), WatchScope::kWants, {service_key(want)}, ""};
    request.text = request_text(request);
    out.request = std::make_shared<const NodeRequest>(std::move(request));
    return out;
  }
  void tell(const NodeStatus& status) { registry_.on_replica_row("b", status); }
  // "True Programmed: message"
  std::string programmed(std::string_view set) {
    RemoteScopes::Look look = scopes_.look();
    ResourceConditions conditions(std::move(look.groups), registry_, {{AccessRole::kViewer, true}},
                                  std::move(look.rest));
    StoredResource::Ptr found = store_->view().find(*ResourceKey::make(Kind::kBackendSet, "default", set));
    auto condition = conditions.programmed(*found, store_->version());
    if (!condition) return "none";
    auto text = [&](std::string_view key) { return std::string(*condition->find(key)->as_string()); };
    return str_cat(text("status"), " ", text("reason"), ": ", text("message"));
  }
  NothingStaged staged_;
  RemoteScopes scopes_{*store_.store, registry_, staged_};
};

TEST_F(RemoteScopesTest, APlanComparesTheSidecarsOfAll) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  tell(row("n2", "b", store_->version()));
  View before = store_->view();
  put(backend_set("b", "9090"));

  PlanScope scope = plan_scope(before, store_->view(), plan_nodes(*hub_, registry_));

  EXPECT_EQ(scope.sidecars, 2U);
  EXPECT_EQ(scope.affected, 1U);
  EXPECT_EQ(scope.names, std::vector<std::string>{str_cat("n2 (", kWeb, ")")});
  EXPECT_EQ(RemoteHolders(registry_).not_compared(), "");
}

TEST_F(RemoteScopesTest, OneThatMovedIsComparedOnce) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  NodeStatus there = row("n1", "a", store_->version());
  there.connected = scheduler_.wall() + 1s;
  tell(there);

  EXPECT_EQ(plan_nodes(*hub_, registry_).size(), 1U);
}

TEST_F(RemoteScopesTest, ThoseOfWhichTooLittleIsKnownAreCounted) {
  NodeStatus unknown = row("n2", "b", store_->version());
  unknown.request.reset();
  tell(unknown);

  EXPECT_TRUE(plan_nodes(*hub_, registry_).empty());
  EXPECT_EQ(RemoteHolders(registry_).not_compared(),
            "1 sidecars of other control planes were not compared: what they ask for is not known");
}

TEST_F(RemoteScopesTest, ThoseOfAControlPlaneThatIsNotHeardAreComparedAsTheyWere) {
  tell(row("n2", "b", store_->version()));
  registry_.on_replica_silent("b", scheduler_.wall());

  EXPECT_EQ(plan_nodes(*hub_, registry_).size(), 1U);
  EXPECT_EQ(RemoteHolders(registry_).not_compared(),
            "the 1 sidecars of control plane b, which is not heard, were compared as they were then");
}

TEST_F(RemoteScopesTest, OnlyThoseThatShouldHoldItCount) {
  tell(row("n2", "a", store_->version()));
  tell(row("n3", "a", store_->version()));
  tell(row("n4", "b", Version{}));

  EXPECT_EQ(programmed("a"),
            str_cat("True Programmed: version ", store_->version().text(), " is live on 2 of 2 sidecars that hold it"));
  EXPECT_EQ(programmed("b"),
            str_cat("False Pending: version ", store_->version().text(), " is live on 0 of 1 sidecars that hold it"));
}

TEST_F(RemoteScopesTest, WhoRunsAnOlderVersionHoldsWhatItWasThen) {
  Version before = store_->version();
  put(backend_set("b", "9090"));
  tell(row("n2", "a", before));
  tell(row("n3", "b", before));

  EXPECT_TRUE(programmed("a").starts_with("True Programmed")) << programmed("a");
  EXPECT_TRUE(programmed("b").starts_with("False Pending")) << programmed("b");
}

TEST_F(RemoteScopesTest, ARefusalIsToldInItsWords) {
  Version before = store_->version();
  put(backend_set("b", "9090"));
  NodeStatus refusing = row("n3", "b", before);
  refusing.state = NodeState::kRefused;
  refusing.nack = WatchNack{store_->version(), {{"BackendSet/default/b", "spec", "is too much"}}};
  tell(refusing);

  std::string text = programmed("b");

  EXPECT_TRUE(text.starts_with("False Refused: ")) << text;
  EXPECT_NE(text.find("sidecar n3 (" + kWeb + ") refused version"), std::string::npos) << text;
}

TEST_F(RemoteScopesTest, WhoIsNotHeardIsNotKnown) {
  tell(row("n2", "a", store_->version()));
  registry_.on_replica_silent("b", scheduler_.wall());

  EXPECT_TRUE(scopes_.look().groups.empty());
  EXPECT_TRUE(programmed("a").starts_with("Unknown ReplicaNotHeard: ")) << programmed("a");
}

TEST_F(RemoteScopesTest, WhoGetsWhatIsStagedHoldsThat) {
  staged_.view = store_->view();
  staged_.cohort = "n2";
  put(backend_set("a", "9090"));
  tell(row("n2", "a", store_->version()));
  tell(row("n3", "a", store_->version()));

  EXPECT_EQ(programmed("a"),
            str_cat("False Pending: version ", store_->version().text(), " is live on 1 of 2 sidecars that hold it"));
}

TEST_F(RemoteScopesTest, LooksAtSoManyAndCountsTheRest) {
  for (size_t i = 0; i < RemoteScopes::kMaxRequests + 3; ++i) {
    tell(row(str_cat("n", std::to_string(i)), str_cat("s", std::to_string(i)), store_->version()));
  }

  RemoteScopes::Look look = scopes_.look();

  EXPECT_EQ(look.groups.size(), RemoteScopes::kMaxRequests);
  EXPECT_EQ(look.rest.size(), 3U);
}
}  // namespace
}  // namespace heddle
