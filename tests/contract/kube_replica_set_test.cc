// Who the control planes of a cluster are, by Leases of a Kubernetes API server: the double, or the server of
// HEDDLE_KUBE_CONFIG. KubeReplicaSetFaults need the double.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/app/kube_replica_set.h"
#include "control/kube/kube_resource.h"
#include "lib/base/strings.h"
#include "tests/support/kube_double.h"
#include "tests/support/store_rig.h"

namespace heddle {
namespace {
using testing::ElementsAre;

const KubeResource kLeases{"coordination.k8s.io", "v1", "leases"};

// Control planes on one loop; each with a client of its own, so that one of them alone can fall silent.
class ReplicaSetRig : public StoreRig {
 public:
  struct Node {
    std::unique_ptr<KubeClient> client;
    std::unique_ptr<KubeReplicaSet> set;
    int changes = 0;
    KubeReplicaSet* operator->() const { return set.get(); }
  };
  explicit ReplicaSetRig(KubeConfig config)
      : config_(std::move(config)), mesh_(str_cat("m", std::to_string(SystemRandom().next()))) {}

  std::unique_ptr<Node> open(std::string name, std::string_view address, std::string id = "") {
    auto node = std::make_unique<Node>();
    node->client = std::make_unique<KubeClient>(SessionContext{loop, connections}, protocols, tcp, random, config_);
    if (id.empty()) id = str_cat(std::to_string(++ids_), "00000000000000000000");
    ReplicaRecord own{std::move(id), std::move(name), *Address::parse(address), "0.7.0"};
    node->set = std::make_unique<KubeReplicaSet>(KubeReplicaSet::Parts{*node->client, "default", mesh_, std::move(own),
                                                                       log.log().module("replicas"), 1s, 100ms, 2});
    node->set->set_on_change([one = node.get()] { ++one->changes; });
    return node;
  }
  template <class F>
  void until(F&& done) {
    ASSERT_TRUE(runs_until(loop, std::forward<F>(done)));
  }
  // For `time`.
  template <class F>
  void never(Duration time, F&& happens) {
    bool is_over = false;
    auto timer = loop.timer([&is_over] { is_over = true; });
    timer->arm(time);
    loop.run_until([&] { return is_over || happens(); });
    EXPECT_TRUE(is_over);
  }
  void until_known(const std::unique_ptr<Node>& by, std::vector<std::string> wanted) {
    ASSERT_TRUE(runs_until(loop, [&] { return (*by)->is_loaded() && names((*by)->others()) == wanted; }))
        << testing::PrintToString(names((*by)->others()));
  }
  static std::vector<std::string> names(const std::vector<ReplicaRecord>& all) {
    std::vector<std::string> out;
    out.reserve(all.size());
    for (const ReplicaRecord& one : all) out.push_back(one.name);
    return out;
  }
  KubeAnswer ask(KubeClient& client, std::string method, std::string path, std::string body = "",
                 std::string query = "") {
    KubeRequest what;
    what.method = std::move(method);
    what.path = std::move(path);
    what.query = std::move(query);
    what.body = std::move(body);
    if (what.method == "PATCH") what.content_type = kube_patch::kMerge;
    std::optional<KubeAnswer> out;
    Pending token = client.call(std::move(what), [&out](KubeAnswer answer) { out.emplace(std::move(answer)); });
    EXPECT_TRUE(runs_until(loop, [&out] { return out.has_value(); }));
    return *std::move(out);
  }
  // Names of all Leases of this mesh.
  std::vector<std::string> leases(KubeClient& client) {
    KubeAnswer all =
        ask(client, "GET", kLeases.path("default"), "", str_cat("labelSelector=heddle.dev/mesh%3D", mesh_));
    JsonValue items = all.object.find("items").value_or(JsonValue());
    std::vector<std::string> out;
    for (size_t i = 0; i < items.size(); ++i) out.push_back(KubeKey::of(items.at(i))->name);
    return out;
  }
  // Asks again and again, each time while nothing else turns the loop.
  void until_leases(KubeClient& client, size_t wanted) {
    MonoTime end = loop.now() + std::chrono::minutes(1);
    while (leases(client).size() != wanted) ASSERT_LT(loop.now(), end) << "never " << wanted << " Leases";
  }
  std::string lease_of(std::string_view name, std::string_view id) const {
    return kube_member_lease(mesh_, name, str_cat(id, "00000000000"));
  }
  const std::string& mesh() const { return mesh_; }

 private:
  KubeConfig config_;
  std::string mesh_;  // of this test alone: a real server keeps what others left
  int ids_ = 0;
};

class KubeReplicaSetTest : public testing::Test, public ReplicaSetRig {
 protected:
  KubeReplicaSetTest() : ReplicaSetRig(kube_server()) {}
};

TEST_F(KubeReplicaSetTest, EachKnowsTheOthersAndWhereTheyAre) {
  auto a = open("a", "10.0.0.1:7000");
  until_known(a, {});
  auto b = open("b", "10.0.0.2:7000");
  auto c = open("c", "10.0.0.3:7000");
  until_known(a, {"b", "c"});
  until_known(b, {"a", "c"});
  until_known(c, {"a", "b"});
  EXPECT_EQ((*a)->others()[0].address.text(), "10.0.0.2:7000");
  EXPECT_EQ((*a)->others()[0].software, "0.7.0");
  EXPECT_GT(a->changes, 0);
}

TEST_F(KubeReplicaSetTest, OneThatResignsIsGoneAtOnceAndComesNotBack) {
  auto a = open("a", "10.0.0.1:7000");
  auto b = open("b", "10.0.0.2:7000");
  until_known(a, {"b"});
  bool resigned = false;
  Pending resigning = (*b)->resign([&resigned] { resigned = true; });
  until([&] { return resigned; });
  (*b)->look_soon();
  EXPECT_THAT(leases(*a->client), ElementsAre(lease_of("a", "1")));
  until_known(a, {});
  int changes = a->changes;
  never(500ms, [&] { return !(*a)->others().empty(); });
  EXPECT_EQ(a->changes, changes);
}

TEST_F(KubeReplicaSetTest, OneThatFallsSilentIsGoneAfterItsLeaseAndThenRemoved) {
  auto a = open("a", "10.0.0.1:7000");
  auto b = open("b", "10.0.0.2:7000");
  until_known(a, {"b"});
  MonoTime dies = loop.now();
  b->set.reset();  // its Lease stays
  until_known(a, {});
  EXPECT_GT(loop.now() - dies, 800ms) << "it might live";

  until([&] { return log.contains("removed the Lease of a control plane that is long gone"); });
  EXPECT_THAT(leases(*a->client), ElementsAre(lease_of("a", "1")));
}

TEST_F(KubeReplicaSetTest, ALeaseThatSomebodyDeletedOrChangedIsSetRight) {
  auto a = open("a", "10.0.0.1:7000");
  auto b = open("b", "10.0.0.2:7000");
  until_known(a, {"b"});
  std::string path = kLeases.path("default", lease_of("b", "2"));
  ASSERT_TRUE(ask(*a->client, "DELETE", path).is_ok());
  until_leases(*a->client, 2);
  until_known(a, {"b"});

  ASSERT_TRUE(ask(*a->client, "PATCH", path, R"({"metadata":{"labels":null,"annotations":null}})").is_ok());
  until_leases(*a->client, 2);
  until_known(a, {"b"});
}

TEST_F(KubeReplicaSetTest, OneThatCannotBeReadIsKnownWhileItRenewsAndCannotBeReached) {
  auto a = open("a", "10.0.0.1:7000");
  until_known(a, {});
  std::string body = str_cat(R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":")", mesh(),
                             R"(-odd","labels":{"heddle.dev/mesh":")", mesh(),
                             R"("},"annotations":{"heddle.dev/replica":"{}"}},)"
                             R"("spec":{"leaseDurationSeconds":1,"renewTime":"2026-01-31T12:34:56.789000Z"}})");
  ASSERT_TRUE(ask(*a->client, "POST", kLeases.path("default"), body).is_ok());
  until_known(a, {str_cat(mesh(), "-odd")});
  EXPECT_FALSE((*a)->others()[0].address.is_set());
  until_known(a, {});
}

TEST_F(KubeReplicaSetTest, WhoRanHereBeforeIsNobodyElse) {
  auto before = open("a", "10.0.0.1:7000");
  until_known(before, {});
  before->set.reset();
  auto now = open("a", "10.0.0.1:7000");
  until_known(now, {});
  EXPECT_EQ(leases(*now->client).size(), 2U);
  EXPECT_EQ(now->changes, 0);
}

class KubeReplicaSetFaults : public testing::Test {
 protected:
  KubeDouble server_;
  ReplicaSetRig rig_{server_.config()};
};

TEST_F(KubeReplicaSetFaults, AServerThatDoesNotListChangesNothingForAsLongAsItDoesNot) {
  auto a = rig_.open("a", "10.0.0.1:7000");
  auto b = rig_.open("b", "10.0.0.2:7000");
  rig_.until_known(a, {"b"});
  server_.fault(R"({"do": "status", "verb": "list", "path": "/leases", "code": 500, "times": 1000000})");
  rig_.until([&] { return (*a)->trouble().has_value(); });
  b->set.reset();
  rig_.never(2s, [&] { return (*a)->others().empty(); });
  server_.order("DELETE", "/fault");
  rig_.until_known(a, {});
  EXPECT_FALSE((*a)->trouble().has_value());
}

TEST_F(KubeReplicaSetFaults, WithoutTheRightToWriteOrToListNobodyIsKnownAndItSaysWhy) {
  for (std::string verb : {"create", "list"}) {
    server_.fault(
        str_cat(R"({"do": "status", "verb": ")", verb, R"(", "path": "/leases", "code": 403, "times": 1000000})"));
    auto a = rig_.open("a", "10.0.0.1:7000");
    rig_.until([&] { return (*a)->trouble().has_value(); });
    rig_.never(300ms, [&] { return (*a)->is_loaded(); });
    EXPECT_EQ((*a)->trouble()->reason, Reason::kForbidden);
    server_.order("DELETE", "/fault");
    rig_.until_known(a, {});
    bool resigned = false;
    Pending resigning = (*a)->resign([&resigned] { resigned = true; });
    rig_.until([&] { return resigned; });
  }
}

TEST_F(KubeReplicaSetFaults, AListThatHangsDoesNotHoldUpOurRenewal) {
  auto a = rig_.open("a", "10.0.0.1:7000");
  auto b = rig_.open("b", "10.0.0.2:7000");
  rig_.until_known(a, {"b"});
  rig_.until_known(b, {"a"});
  server_.fault(R"({"do": "stall", "verb": "list", "path": "/leases"})");  // of one of them
  rig_.never(2500ms, [&] { return (*a)->others().empty() || (*b)->others().empty(); });
}

TEST_F(KubeReplicaSetFaults, AConflictOfTheFirstWriteIsSortedOut) {
  server_.fault(R"({"do": "status", "verb": "create", "path": "/leases", "code": 409, "times": 1})");
  auto a = rig_.open("a", "10.0.0.1:7000");
  rig_.until_known(a, {});
  EXPECT_THAT(rig_.leases(*a->client), testing::SizeIs(1));
  EXPECT_TRUE(rig_.log.contains("the other control planes see this one"));
}

TEST_F(KubeReplicaSetFaults, WhoLeavesDoesNotWaitForAServerThatDoesNotAnswer) {
  auto a = rig_.open("a", "10.0.0.1:7000");
  rig_.until_known(a, {});
  server_.fault(R"({"do": "stall", "verb": "delete", "times": 100})");
  bool resigned = false;
  Pending resigning = (*a)->resign([&resigned] { resigned = true; });
  MonoTime began = rig_.loop.now();
  rig_.until([&] { return resigned; });
  EXPECT_LT(rig_.loop.now() - began, KubeReplicaSet::kResign + 10s);
}
}  // namespace
}  // namespace heddle
