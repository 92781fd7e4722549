#include "control/cluster/status_plan.h"

#include "tests/unit/control/cluster/cluster_yaml.h"

namespace heddle {
namespace {
using test::one_of_yaml;
using Outcome = StatusPlan::Outcome;

const WallTime kWall = parse_time("2026-01-31T12:34:56Z").value();
const ObjectCondition kAccepted{"Accepted", "True", "Accepted", ""};

ObjectCondition programmed(std::string_view live, bool is_all = false) {
  return {"Programmed", is_all ? "True" : "False", is_all ? "Programmed" : "Pending", str_cat("live on ", live)};
}

// A route and a policy in a cluster that takes what is written, unless told otherwise.
class StatusPlans : public testing::Test {
 protected:
  StatusPlans() {
    put(route_, one_of_yaml(R"(
metadata: {name: r, namespace: shop, generation: 3, resourceVersion: '1'}
spec: {parentRefs: [{group: '', kind: Service, name: hello}, {name: gate}]})"));
  }
  void put(const ResourceKey& key, const JsonValue& object) {
    objects_.put_resource(key, object);
    plan_.on_seen(key);
  }
  // Somebody wrote: the watch tells of the next resourceVersion.
  void seen(const JsonValue& object) {
    std::string version = std::to_string(++version_);
    put(route_, object.with({"metadata", "resourceVersion"}, JsonValue::string(version)));
  }
  const JsonValue& object() const { return objects_.resources().at(route_); }
  std::optional<StatusPlan::Write> next() { return plan_.next(now_, kWall + (now_ - kBegin)); }
  // As the API server does: a merge patch of the status.
  void done(const StatusPlan::Write& write) {
    plan_.on_written(write.key, Outcome::kDone, now_);
    seen(object().with({"status", "parents"}, *write.patch.find({"status", "parents"})));
  }
  void want(std::vector<ObjectCondition> conditions) { plan_.want(route_, std::move(conditions), now_); }
  int writes_for(Duration how_long) {
    int out = 0;
    for (MonoTime end = now_ + how_long; now_ < end; now_ = now_ + 100ms) {
      while (auto write = next()) {
        ++out;
        done(*write);
      }
    }
    return out;
  }

  ResourceKey route_ = ResourceKey::make(Kind::kHttpRoute, "shop", "r").value();
  static constexpr MonoTime kBegin = MonoTime() + 1h;
  MonoTime now_ = kBegin;
  int version_ = 1;
  ClusterObjects objects_;
  StatusPlan plan_{objects_, now_};
};

TEST_F(StatusPlans, WhatIsWantedIsWrittenOnConditionOfTheVersionSeen) {
  want({kAccepted});
  auto write = next();

  ASSERT_TRUE(write);
  EXPECT_EQ(text_at(write->patch, {"metadata", "resourceVersion"}), "1");
  std::optional<JsonValue> parents = write->patch.find({"status", "parents"});
  ASSERT_TRUE(parents);
  ASSERT_EQ(parents->size(), 1U) << "a Gateway is not ours to judge";
  EXPECT_EQ(text_at(parents->at(0), {"parentRef", "name"}), "hello");
  EXPECT_FALSE(next()) << "one at a time";
}

TEST_F(StatusPlans, EachParentThatIsOursGetsAnEntryInOneWrite) {
  seen(object().with({"spec"}, one_of_yaml(R"(
parentRefs: [{group: '', kind: Service, name: a}, {name: gate}, {group: '', kind: Service, name: b, port: 80}])")));
  want({kAccepted});
  auto write = next();

  ASSERT_TRUE(write);
  std::optional<JsonValue> parents = write->patch.find({"status", "parents"});
  ASSERT_EQ(parents->size(), 2U);
  EXPECT_EQ(text_at(parents->at(0), {"parentRef", "name"}), "a");
  EXPECT_EQ(parents->at(1).find("parentRef")->compact(), R"({"group":"","kind":"Service","name":"b","port":80})");
  done(*write);
  EXPECT_EQ(writes_for(10min), 0);
}

TEST_F(StatusPlans, AParentThatComesIsAddedAndOneThatGoesIsTakenOut) {
  want({kAccepted});
  ASSERT_EQ(writes_for(10s), 1);
  JsonValue spec = one_of_yaml("parentRefs: [{group: '', kind: Service, name: other}]");
  seen(object().with({"spec"}, spec).with({"metadata", "generation"}, JsonValue::integer(4)));
  want({kAccepted});

  ASSERT_EQ(writes_for(10s), 1);
  std::optional<JsonValue> parents = object().find({"status", "parents"});
  ASSERT_EQ(parents->size(), 1U);
  EXPECT_EQ(text_at(parents->at(0), {"parentRef", "name"}), "other");
}

TEST_F(StatusPlans, AParentThatIsNamedTwiceIsToldOfOnce) {
  seen(object().with({"spec"}, one_of_yaml(R"(
parentRefs: [{group: '', kind: Service, name: a}, {group: '', kind: Service, name: a}])")));
  want({kAccepted});

  EXPECT_EQ(writes_for(1h), 1);
  EXPECT_EQ(object().find({"status", "parents"})->size(), 1U);
}

TEST_F(StatusPlans, AnotherControllersEntryOfTheSameParentStays) {
  seen(object().with({"status"}, one_of_yaml(R"(
parents: [{controllerName: example.com/other, parentRef: {group: '', kind: Service, name: hello},
           conditions: [{type: Accepted, status: 'False', observedGeneration: 99}]}])")));
  JsonValue theirs = object().find({"status", "parents"})->at(0);
  want({kAccepted});

  ASSERT_EQ(writes_for(10min), 1) << "a generation that they say is nothing to us";
  std::optional<JsonValue> parents = object().find({"status", "parents"});
  ASSERT_EQ(parents->size(), 2U);
  EXPECT_EQ(parents->at(0), theirs);
  EXPECT_EQ(text_at(parents->at(1), {"controllerName"}), kControllerName);
}

TEST_F(StatusPlans, AStatusThatTellsOfANewerGenerationThanWeSawIsLeftAloneUntilWeSeeIt) {
  JsonValue newer = one_of_yaml(str_cat(R"(
parents: [{controllerName: )",
                                        kControllerName, R"(, parentRef: {group: '', kind: Service, name: hello},
           conditions: [{type: Accepted, status: 'False', observedGeneration: 4}]}])"));
  seen(object().with({"status"}, newer));
  want({kAccepted});
  EXPECT_EQ(writes_for(10min), 0);
  EXPECT_EQ(object().find("status"), newer);

  seen(object().with({"metadata", "generation"}, JsonValue::integer(4)));
  want({kAccepted});

  EXPECT_EQ(writes_for(10s), 1);
}

TEST_F(StatusPlans, OurOwnWriteComesBackAndIsNoReasonForAnother) {
  want({kAccepted});
  EXPECT_EQ(writes_for(10min), 1);
  EXPECT_EQ(plan_.waiting(), 0U);
}

TEST_F(StatusPlans, AfterAConflictTheNewerObjectIsWaitedForAndWhatOthersWroteStays) {
  want({kAccepted});
  auto write = next();
  ASSERT_TRUE(write);
  plan_.on_written(route_, Outcome::kConflict, now_);
  now_ = now_ + 1min;
  EXPECT_FALSE(next()) << "the watch has told nothing new";

  seen(object().with({"status"}, one_of_yaml("{parents: [{controllerName: example.com/other, conditions: []}]}")));
  write = next();
  ASSERT_TRUE(write);
  EXPECT_EQ(text_at(write->patch, {"metadata", "resourceVersion"}), "2");
  std::optional<JsonValue> parents = write->patch.find({"status", "parents"});
  ASSERT_EQ(parents->size(), 2U);
  EXPECT_EQ(text_at(parents->at(0), {"controllerName"}), "example.com/other");
}

TEST_F(StatusPlans, OneWhoWritesBesideUsAllTheTimeCausesNoWrites) {
  want({kAccepted});
  ASSERT_EQ(writes_for(1s), 1);
  int writes = 0;
  for (int i = 0; i < 100; ++i) {
    std::optional<JsonValue> ours = object().find({"status", "parents"});
    JsonValue other = one_of_yaml(str_cat("{controllerName: example.com/other, n: ", std::to_string(i), "}"));
    std::vector<JsonValue> both;
    for (size_t k = 0; k < ours->size(); ++k) {
      if (text_at(ours->at(k), {"controllerName"}) == kControllerName) both.push_back(ours->at(k));
    }
    both.push_back(other);
    seen(object().with({"status", "parents"}, JsonValue::array(both)));
    writes += writes_for(1s);
  }
  EXPECT_EQ(writes, 0);
}

TEST_F(StatusPlans, OneWhoTakesOursAwayIsAnsweredEverMoreRarely) {
  want({kAccepted});
  ASSERT_EQ(writes_for(1s), 1);
  int writes = 0;
  for (int i = 0; i < 3600; ++i) {
    seen(object().with({"status", "parents"}, JsonValue::array()));
    writes += writes_for(1s);
  }
  EXPECT_GE(writes, 10);
  EXPECT_LE(writes, 25);
}

TEST_F(StatusPlans, ANumberThatMovesWaitsUntilItStandsStill) {
  want({kAccepted, programmed("0 of 9")});
  ASSERT_EQ(writes_for(3s), 1);
  int writes = 0;
  for (int i = 1; i < 9; ++i) {
    want({kAccepted, programmed(str_cat(std::to_string(i), " of 9"))});
    writes += writes_for(1s);
  }
  EXPECT_EQ(writes, 0);
  want({kAccepted, programmed("9 of 9", true)});
  EXPECT_EQ(writes_for(200ms), 1) << "it is complete";
}

TEST_F(StatusPlans, ANumberThatMovesForeverIsToldNowAndThen) {
  want({kAccepted, programmed("0 of 9")});
  ASSERT_EQ(writes_for(3s), 1);
  int writes = 0;
  for (int i = 1; i <= 60; ++i) {
    want({kAccepted, programmed(std::to_string(i))});
    writes += writes_for(1s);
  }
  EXPECT_GE(writes, 5);
  EXPECT_LE(writes, 7);
}

TEST_F(StatusPlans, AnObjectThatChangedIsJudgedBeforeItIsTold) {
  want({kAccepted});
  seen(object().with({"metadata", "generation"}, JsonValue::integer(4)));
  EXPECT_FALSE(next());
  want({kAccepted});
  auto write = next();
  ASSERT_TRUE(write);
  EXPECT_NE(write->patch.compact().find(R"("observedGeneration":4)"), std::string::npos);
}

TEST_F(StatusPlans, WhoBeginsToWriteComparesEverything) {
  want({kAccepted});
  ASSERT_EQ(writes_for(10s), 1);
  JsonValue without = object().without({"status"});
  objects_.put_resource(route_, without.with({"metadata", "resourceVersion"}, JsonValue::string("99")));
  EXPECT_EQ(writes_for(10s), 0) << "nobody told";
  plan_.reopen();
  EXPECT_EQ(writes_for(10s), 1);
}

TEST_F(StatusPlans, WhatIsRefusedIsNotAskedAgain) {
  want({kAccepted});
  ASSERT_TRUE(next());
  plan_.on_written(route_, Outcome::kRefused, now_);
  now_ = now_ + 1h;
  EXPECT_FALSE(next());
  plan_.reopen();
  EXPECT_TRUE(next());
}

TEST_F(StatusPlans, WhatFailsIsTriedAgainMoreRarely) {
  want({kAccepted});
  int tries = 0;
  for (MonoTime end = now_ + 1h; now_ < end; now_ = now_ + 100ms) {
    if (!next()) continue;
    ++tries;
    plan_.on_written(route_, Outcome::kFailed, now_);
  }
  EXPECT_GE(tries, 10);
  EXPECT_LE(tries, 25);
}

TEST_F(StatusPlans, AnObjectThatIsGoneIsForgotten) {
  want({kAccepted});
  ASSERT_TRUE(next());
  objects_.erase_resource(route_);
  plan_.on_seen(route_);
  plan_.on_written(route_, Outcome::kDone, now_);
  now_ = now_ + 1h;
  EXPECT_FALSE(next());
  EXPECT_EQ(plan_.waiting(), 0U);
}

TEST_F(StatusPlans, AnAnswerOfAWriteToAnObjectThatWasMadeAnewIsNotTheNewOnes) {
  want({kAccepted});
  ASSERT_TRUE(next());
  JsonValue before = object();
  objects_.erase_resource(route_);
  plan_.on_seen(route_);
  seen(before);
  want({kAccepted});

  plan_.on_written(route_, Outcome::kRefused, now_);

  EXPECT_TRUE(next()) << "it was the other that was refused";
}

TEST_F(StatusPlans, ManyObjectsAreWrittenOneAfterTheOther) {
  for (int i = 0; i < 100; ++i) {
    ResourceKey key = ResourceKey::make(Kind::kTrafficPolicy, "shop", str_cat("p", std::to_string(i))).value();
    put(key, one_of_yaml("{metadata: {generation: 1, resourceVersion: '5'}}"));
    plan_.want(key, {kAccepted}, now_);
  }
  size_t writes = 0;
  while (auto write = next()) {
    ++writes;
  }
  EXPECT_EQ(writes, StatusPlan::kAtOnce);
}
}  // namespace
}  // namespace heddle
