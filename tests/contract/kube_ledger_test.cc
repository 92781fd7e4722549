// The ledger in a Secret of a Kubernetes API server, as several control planes share it: the double, or the server of
// HEDDLE_KUBE_CONFIG. KubeLedgerFaults need the double.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/ledger_rig.h"

namespace heddle {
namespace {
using testing::HasSubstr;

class KubeLedgerShared : public testing::Test {
 protected:
  using Node = std::unique_ptr<LedgerRig::KubeNode>;
  Node open(size_t max_bytes = kMaxLedgerSecret) {
    return rig_.open_kube_ledger(kube_server(), {"default", name_, max_bytes});
  }
  Result<void> commit(Node& node, LedgerChange change) { return rig_.commit(node->get(), std::move(change)); }
  Reason refusal(Node& node, LedgerChange change) {
    Result<void> done = commit(node, std::move(change));
    return done ? Reason::kNone : done.error().reason;
  }
  LedgerRig rig_;
  std::string name_ = str_cat("shared-", std::to_string(rig_.random.next()));
};

TEST_F(KubeLedgerShared, OneTakesAJoinTokenThatBothKnow) {
  Node a = open();
  Node b = open();
  ASSERT_TRUE(commit(a, {AddJoinToken{secret_hash("a"), a_join_token("one")}}).has_value());
  ASSERT_TRUE(rig_.sync(b->get()).has_value());
  std::vector<Reason> outcomes;
  auto note = [&outcomes](const Result<void>& done) { outcomes.push_back(done ? Reason::kNone : done.error().reason); };
  Pending of_a = (*a)->commit({TakeJoinToken{secret_hash("a")}}, note);
  Pending of_b = (*b)->commit({TakeJoinToken{secret_hash("a")}}, note);
  ASSERT_TRUE(runs_until(rig_.loop, [&] { return outcomes.size() == 2; }));

  EXPECT_THAT(outcomes, testing::UnorderedElementsAre(Reason::kNone, Reason::kConflict));
}

TEST_F(KubeLedgerShared, ChangesOfOtherRecordsDoNotStandInEachOthersWay) {
  Node a = open();
  Node b = open();
  size_t kept = 0;
  std::vector<Pending> all;
  for (int i = 0; i < 20; ++i) {
    for (Node* node : {&a, &b}) {
      std::string serial = str_cat(node == &a ? "a" : "b", std::to_string(i));
      all.push_back((**node)->commit({SaveLineage{a_lineage(0, serial)}}, [&kept](const Result<void>& done) {
        EXPECT_TRUE(done.has_value()) << done.error().text();
        ++kept;
      }));
    }
  }
  ASSERT_TRUE(runs_until(rig_.loop, [&] { return kept == all.size(); }));

  ASSERT_TRUE(rig_.sync(a->get()).has_value());
  EXPECT_EQ((*a)->lineages()->size(), 40U);
  Node later = open();
  EXPECT_EQ((*later)->lineages()->size(), 40U);
}

TEST_F(KubeLedgerShared, ADocumentOfAnotherIsToldAndAChangeJudgedByTheOldOneIsRefused) {
  Node a = open();
  Node b = open();
  LedgerWitness witness(b->get());
  ASSERT_TRUE(commit(a, {PutMeta{"rollout", "1"}}).has_value());
  ASSERT_TRUE(runs_until(rig_.loop, [&] { return witness.told.size() == 1; })) << "the watch tells";
  EXPECT_EQ(witness.told.front(), std::make_pair(std::string("rollout"), std::string("1")));

  // Whichever comes first.
  std::vector<Reason> outcomes;
  auto note = [&outcomes](const Result<void>& done) { outcomes.push_back(done ? Reason::kNone : done.error().reason); };
  Pending of_a = (*a)->commit({PutMeta{"rollout", "2"}}, note);
  Pending of_b = (*b)->commit({PutMeta{"rollout", "3"}}, note);
  ASSERT_TRUE(runs_until(rig_.loop, [&] { return outcomes.size() == 2; }));
  EXPECT_THAT(outcomes, testing::UnorderedElementsAre(Reason::kNone, Reason::kConflict));
}

TEST_F(KubeLedgerShared, AFullSecretDropsWhatExpiredAndThenRefuses) {
  Node node = open(4000);
  std::string big(1500, 'x');
  WallTime over = rig_.loop.wall() - 1min;
  WallTime good = rig_.loop.wall() + 1h;
  ASSERT_TRUE(commit(node, {PutMeta{"a", big}}).has_value());
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(commit(node, {SaveLineage{a_lineage(0, std::to_string(i), "", over)}}).has_value());
  }
  ASSERT_EQ((*node)->lineages()->size(), 8U);

  EXPECT_TRUE(commit(node, {PutMeta{"b", big}, SaveLineage{a_lineage(0, "good", "", good)}}).has_value());
  ASSERT_EQ((*node)->lineages()->size(), 1U);
  EXPECT_EQ((*node)->lineages()->front().latest, "good");

  Result<void> refused = commit(node, {PutMeta{"c", big}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kTooLarge);
  EXPECT_THAT(refused.error().detail, HasSubstr(name_));
  EXPECT_EQ(refusal(node, {PutMeta{"b", ""}}), Reason::kNone) << "what is full can be emptied";
}

TEST(KubeLedgerSecret, KeysComeBackAsTheyWereAndForeignOnesAreNone) {
  for (std::string key : {"join-id/a b", "meta/ca.authority", "meta/_x", "lineage/0000000000000000001"}) {
    EXPECT_EQ(record_key(secret_key(key)), key);
    EXPECT_EQ(secret_key(key).find('/'), std::string::npos);
  }
  for (std::string_view foreign : {"_", "_2", "_zz", "a_2F", "_61"})
    EXPECT_EQ(record_key(foreign), std::nullopt) << foreign;
}

class KubeLedgerFaults : public testing::Test {
 protected:
  LedgerRig rig_;
  KubeDouble server_;
};

// Rights that were taken from us are no fault of who asks for a certificate.
TEST_F(KubeLedgerFaults, WhatTheApiServerRefusesUsIsNotTheCallersFault) {
  auto node = rig_.open_kube_ledger(server_.config(), {"default", "ledger"});
  for (std::string code : {"400", "401", "403", "404", "422"}) {
    std::string_view times = code == "401" ? "2" : "1";  // once more with a token that was read anew
    server_.fault(str_cat(R"({"do": "status", "verb": "patch", "code": )", code, R"(, "times": )", times, "}"));
    Result<void> refused = rig_.commit(node->get(), {PutMeta{"m", code}});
    ASSERT_FALSE(refused.has_value()) << code;
    EXPECT_EQ(refused.error().reason, Reason::kUnavailable) << code;
  }
}

TEST_F(KubeLedgerFaults, WhoeverIsNotAnsweredIsToldAndNothingIsLost) {
  auto node = rig_.open_kube_ledger(server_.config(), {"default", "ledger"});
  ASSERT_TRUE(rig_.commit(node->get(), {PutMeta{"m", "1"}}).has_value());
  server_.fault(R"({"do": "status", "verb": "patch", "code": 500, "times": 1})");

  Result<void> refused = rig_.commit(node->get(), {PutMeta{"m", "2"}});

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kUnavailable);
  ASSERT_TRUE(rig_.sync(node->get()).has_value());
  EXPECT_EQ(*(*node)->meta("m"), "1");
  EXPECT_TRUE(rig_.commit(node->get(), {PutMeta{"m", "3"}}).has_value());
  EXPECT_TRUE((*node)->health().is_current);
}
}  // namespace
}  // namespace heddle
