#include "control/api/resource_conditions.h"

#include "control/api/resource_view.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
class ResourceConditionsTest : public testing::Test {
 protected:
  StoredResource::Ptr put(Envelope resource) {
    ResourceKey key = resource.key;
    store_.put(std::move(resource));
    return store_->view().find(key);
  }
  void add(std::vector<StoredResource::Ptr> target, std::vector<StoredResource::Ptr> held, size_t sidecars,
           bool is_refused = false) {
    HolderGroup group{make_scope_set(std::move(target)), make_scope_set(std::move(held)), is_refused, sidecars, node_};
    groups_.push_back(std::move(group));
  }
  void refuse(std::string resource, std::string path, std::string message) {
    registry_.on_hello(1, node_, WatchHello{.node = node_.node}, store_.clock.wall());
    registry_.on_nack(1, node_, {store_->version(), {{std::move(resource), std::move(path), std::move(message)}}},
                      store_.clock.wall());
  }
  // "True Programmed: message"
  std::string programmed(const StoredResource::Ptr& resource) {
    auto found = ResourceConditions(groups_, registry_, grants_).programmed(*resource, store_->version());
    if (!found) return "none";
    auto text = [&](std::string_view key) { return std::string(*found->find(key)->as_string()); };
    return str_cat(text("status"), " ", text("reason"), ": ", text("message"));
  }
  NodeKey node_{"spiffe://td/web", "web-1"};
  TestStore store_;
  NodeRegistry registry_;
  std::vector<HolderGroup> groups_;
  AccessGrants grants_{{AccessRole::kViewer, true}};
};

TEST_F(ResourceConditionsTest, IsTrueWhenAllThatShouldHoldItDo) {
  StoredResource::Ptr a = put(backend_set("a"));
  StoredResource::Ptr b = put(backend_set("b"));
  add({a}, {a}, 2);
  add({a, b}, {a, b}, 1);

  EXPECT_EQ(programmed(a), "True Programmed: version 1.2 is live on 3 of 3 sidecars that hold it");
  EXPECT_EQ(programmed(b), "True Programmed: version 1.2 is live on 1 of 1 sidecars that hold it");
}

TEST_F(ResourceConditionsTest, IsPendingWhileSomeHoldAnOlderOneOrNone) {
  StoredResource::Ptr old = put(backend_set("a"));
  StoredResource::Ptr now = put(backend_set("a", "9"));
  add({now}, {old}, 2);
  add({now}, {}, 1);
  add({now}, {now}, 4);

  EXPECT_EQ(programmed(now), "False Pending: version 1.2 is live on 4 of 7 sidecars that hold it");
}

TEST_F(ResourceConditionsTest, IsUnknownWhereNoSidecarShouldHoldIt) {
  EXPECT_EQ(programmed(put(backend_set("a"))), "Unknown NoSidecar: no connected sidecar holds it");
}

TEST_F(ResourceConditionsTest, ARefusalIsToldInTheSidecarsWords) {
  StoredResource::Ptr old = put(backend_set("a"));
  StoredResource::Ptr other = put(backend_set("b"));
  StoredResource::Ptr now = put(backend_set("a", "9"));
  add({now, other}, {old, other}, 1, true);
  refuse("BackendSet/default/a", "spec.endpoints", "is too much");

  EXPECT_EQ(programmed(now),
            "False Refused: version 1.3 is live on 0 of 1 sidecars that hold it; sidecar web-1 (spiffe://td/web) "
            "refused version 1.3: spec.endpoints: is too much");
  EXPECT_EQ(programmed(other), "True Programmed: version 1.3 is live on 1 of 1 sidecars that hold it")
      << "it holds that as it is";
}

TEST_F(ResourceConditionsTest, ARefusalThatNamesAResourceWhichDidNotChangeIsToldThere) {
  StoredResource::Ptr other = put(backend_set("b"));
  StoredResource::Ptr now = put(backend_set("a"));
  add({now, other}, {other}, 1, true);
  refuse("BackendSet/default/b", "spec.subset", "has lost its parent");

  EXPECT_NE(programmed(other).find("False Refused"), std::string::npos);
  EXPECT_NE(programmed(now).find("refused version 1.2: BackendSet/default/b: spec.subset: has lost"), std::string::npos)
      << programmed(now);
}

TEST_F(ResourceConditionsTest, WordsAboutAnotherNamespaceAreForThoseWhoMayReadIt) {
  StoredResource::Ptr held = put(backend_set("b", "8080", "bank"));
  StoredResource::Ptr now = put(backend_set("a"));
  add({now, held}, {held}, 1, true);
  refuse("BackendSet/bank/b", "spec.endpoints[0]", "the secret");
  grants_ = {{AccessRole::kEditor, false, {"default"}}};

  EXPECT_EQ(programmed(now),
            "False Refused: version 1.2 is live on 0 of 1 sidecars that hold it; sidecar web-1 (spiffe://td/web) "
            "refused another resource of version 1.2");
  grants_ = {{AccessRole::kEditor, false, {"default"}}, {AccessRole::kViewer, false, {"bank"}}};
  EXPECT_NE(programmed(now).find("BackendSet/bank/b: spec.endpoints[0]: the secret"), std::string::npos)
      << programmed(now);
}

TEST_F(ResourceConditionsTest, WordsThatNameNoResourceAreForThoseWhoMayReadAll) {
  StoredResource::Ptr now = put(backend_set("a"));
  add({now}, {}, 1, true);
  refuse("", "", "a line of bank");

  EXPECT_NE(programmed(now).find("refused version 1.1: a line of bank"), std::string::npos) << programmed(now);
  grants_ = {{AccessRole::kEditor, false, {"default"}}};
  EXPECT_EQ(programmed(now).find("a line of bank"), std::string::npos) << programmed(now);
}

TEST_F(ResourceConditionsTest, TooManySearchesTellNothing) {
  StoredResource::Ptr a = put(backend_set("a"));
  add({a}, {a}, 1);
  ResourceConditions conditions(groups_, registry_, grants_);
  std::vector<HolderGroup> many(ResourceConditions::kMaxSearches + 1, groups_[0]);

  EXPECT_TRUE(conditions.programmed(*a, store_->version()).has_value());
  EXPECT_FALSE(ResourceConditions(std::move(many), registry_, grants_).programmed(*a, store_->version()).has_value());
}

TEST_F(ResourceConditionsTest, ADocumentHasThemBesideItsOtherStatus) {
  StoredResource::Ptr a = put(backend_set("a"));
  add({a}, {a}, 1);

  JsonValue shown = ResourceView(store_->view(), {groups_, registry_, grants_}).document(*a);

  auto conditions = shown.find({"status", "conditions"});
  ASSERT_TRUE(conditions.has_value());
  EXPECT_EQ(conditions->at(0).find("type")->as_string(), "Programmed");
  EXPECT_EQ(conditions->at(0).find("observedGeneration")->as_integer(), 1);
}
class RemoteConditionsTest : public ResourceConditionsTest {
 protected:
  RemoteConditionsTest() { registry_.on_replica("b", store_.clock.wall()); }
  NodeStatus row(NodeState state, Version runs) const {
    NodeStatus out;
    out.key = {"spiffe://td/api", "api-1"};
    out.state = state;
    out.runs = runs;
    out.connected = store_.clock.wall();
    return out;
  }
};

TEST_F(RemoteConditionsTest, SidecarsElsewhereCountByWhatTheyRun) {
  StoredResource::Ptr a = put(backend_set("a"));
  add({a}, {a}, 3);
  registry_.on_replica_row("b", row(NodeState::kBehind, Version{}));
  std::string late = programmed(a);
  registry_.on_replica_row("b", row(NodeState::kBehind, a->meta().version));
  std::string live = programmed(a);

  EXPECT_TRUE(late.starts_with("False Pending: ")) << late;
  EXPECT_NE(late.find("; 0 of 1 sidecars of other control planes run"), std::string::npos) << late;
  EXPECT_TRUE(live.starts_with("True Programmed: ")) << live;
  EXPECT_NE(live.find("; 1 of 1 sidecars of other control planes run"), std::string::npos) << live;
}

TEST_F(RemoteConditionsTest, WhereNobodyHereHoldsItIsNotKnownWhetherOthersDo) {
  StoredResource::Ptr a = put(backend_set("a"));
  registry_.on_replica_row("b", row(NodeState::kBehind, a->meta().version));

  std::string text = programmed(a);

  EXPECT_TRUE(text.starts_with("Unknown NoSidecar: no sidecar that is connected to this control plane")) << text;
  EXPECT_NE(text.find("1 of 1 sidecars of other control planes"), std::string::npos) << text;
}

TEST_F(RemoteConditionsTest, AReplicaThatIsNotHeardMakesItUnknown) {
  StoredResource::Ptr a = put(backend_set("a"));
  add({a}, {a}, 3);
  registry_.on_replica_silent("b", store_.clock.wall());

  std::string text = programmed(a);

  EXPECT_TRUE(text.starts_with("Unknown ReplicaNotHeard: ")) << text;
  EXPECT_NE(text.find("the sidecars of control plane b are not known"), std::string::npos) << text;
}

TEST_F(RemoteConditionsTest, ARefusalElsewhereThatNamesItIsToldInItsWords) {
  StoredResource::Ptr a = put(backend_set("a"));
  StoredResource::Ptr b = put(backend_set("b"));
  add({a, b}, {a, b}, 3);
  NodeStatus refusing = row(NodeState::kRefused, Version{});
  refusing.nack = WatchNack{store_->version(), {{a->key_text(), "spec", "is too much"}}};
  registry_.on_replica_row("b", refusing);

  std::string text = programmed(a);

  EXPECT_TRUE(text.starts_with("False Refused: ")) << text;
  EXPECT_NE(text.find("sidecar api-1 (spiffe://td/api) refused version"), std::string::npos) << text;
  EXPECT_NE(text.find("is too much"), std::string::npos) << text;
  EXPECT_TRUE(programmed(b).starts_with("False Pending: ")) << programmed(b);
}
}  // namespace
}  // namespace heddle
