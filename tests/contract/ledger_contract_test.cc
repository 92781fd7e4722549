// One suite for every ledger: SQLite, etcd (three real members) and the Secret of a Kubernetes API server: the double,
// or the one of HEDDLE_KUBE_CONFIG (`./dev test k8s`). What only several control planes can show is in
// etcd_ledger_test.cc and kube_ledger_test.cc.
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/ledger_rig.h"

namespace heddle {
namespace {
enum class Kept : uint8_t { kSqlite, kEtcd, kKubernetes };

class LedgerContract : public testing::TestWithParam<Kept> {
 protected:
  using Node = std::unique_ptr<LedgerRig::Node>;
  Node open() {
    if (GetParam() == Kept::kSqlite) return rig_.open_sqlite_ledger(rig_.folder / "db");
    if (GetParam() == Kept::kKubernetes) return rig_.open_kube_ledger(kube_server(), {"default", name_});
    return rig_.open_etcd_ledger(StoreRig::options(EtcdCluster::shared().endpoints()), {prefix_});
  }
  Result<void> commit(Node& node, LedgerChange change) { return rig_.commit(node->get(), std::move(change)); }
  Reason refusal(Node& node, LedgerChange change) {
    Result<void> done = commit(node, std::move(change));
    return done ? Reason::kNone : done.error().reason;
  }

  LedgerRig rig_;
  std::string name_ = str_cat("ledger-", std::to_string(rig_.random.next()));
  std::string prefix_ = str_cat("/heddle/", name_, "/");
};

TEST_P(LedgerContract, AJoinTokenIsFoundUntilItIsTaken) {
  Node node = open();
  ASSERT_TRUE(commit(node, {AddJoinToken{secret_hash("a"), a_join_token("one")}}).has_value());

  std::optional<JoinToken> found = *(*node)->find_join_token(secret_hash("a"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, "one");
  EXPECT_EQ(found->identity, "spiffe://cluster.local/ns/a/sa/b");
  EXPECT_EQ(found->created, kLedgerNow);
  EXPECT_EQ(found->expires, kLedgerNow + 1h);
  EXPECT_FALSE((*node)->find_join_token(secret_hash("b"))->has_value());
  EXPECT_EQ((*node)->join_tokens()->size(), 1U);

  EXPECT_EQ(refusal(node, {TakeJoinToken{secret_hash("a")}}), Reason::kNone);
  EXPECT_EQ(refusal(node, {TakeJoinToken{secret_hash("a")}}), Reason::kNotFound);
  EXPECT_FALSE((*node)->find_join_token(secret_hash("a"))->has_value());
  EXPECT_TRUE((*node)->join_tokens()->empty());
}

TEST_P(LedgerContract, IdsAndHashesOfTokensExistOnce) {
  Node node = open();
  AdminTokenRow row{"ci", "admin", kLedgerNow};
  ASSERT_TRUE(commit(node, {AddJoinToken{secret_hash("a"), a_join_token("one")}}).has_value());
  ASSERT_TRUE(commit(node, {AddAdminToken{secret_hash("a"), row}}).has_value());

  EXPECT_EQ(refusal(node, {AddJoinToken{secret_hash("a"), a_join_token("two")}}), Reason::kConflict);
  EXPECT_EQ(refusal(node, {AddJoinToken{secret_hash("b"), a_join_token("one")}}), Reason::kConflict);
  EXPECT_EQ(refusal(node, {AddAdminToken{secret_hash("a"), {"other", "admin", kLedgerNow}}}), Reason::kConflict);
  EXPECT_EQ(refusal(node, {AddAdminToken{secret_hash("b"), row}}), Reason::kConflict);
  EXPECT_EQ((*node)->join_tokens()->size(), 1U);
  EXPECT_EQ((*node)->admin_tokens()->size(), 1U);
}

TEST_P(LedgerContract, AdminTokensAreListedByIdAndRemovedByIt) {
  Node node = open();
  AdminTokenRow limited{"b", "", kLedgerNow, R"({"grants":["x"]})", kLedgerNow + 1h};
  ASSERT_TRUE(commit(node, {AddAdminToken{secret_hash("1"), limited}}).has_value());
  ASSERT_TRUE(commit(node, {AddAdminToken{secret_hash("2"), {"a", "admin", kLedgerNow}}}).has_value());

  std::vector<AdminTokenRow> all = *(*node)->admin_tokens();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, "a");
  EXPECT_EQ(all[0].role, "admin");
  EXPECT_EQ(all[0].expires, std::nullopt);
  EXPECT_EQ(all[1].grants, limited.grants);
  EXPECT_EQ(all[1].expires, limited.expires);
  EXPECT_EQ((*(*node)->find_admin_token(secret_hash("1")))->id, "b");

  EXPECT_EQ(refusal(node, {RemoveAdminToken{"b"}}), Reason::kNone);
  EXPECT_EQ(refusal(node, {RemoveAdminToken{"b"}}), Reason::kNotFound);
  EXPECT_FALSE((*node)->find_admin_token(secret_hash("1"))->has_value());
  EXPECT_EQ(refusal(node, {AddAdminToken{secret_hash("3"), limited}}), Reason::kNone) << "the id is free again";
}

TEST_P(LedgerContract, ALineageIsFoundByItsNewestSerialAndTheOneBefore) {
  Node node = open();
  ASSERT_TRUE(commit(node, {SaveLineage{a_lineage(0, "0a")}}).has_value());
  std::optional<Lineage> first = *(*node)->find_lineage("0a");
  ASSERT_TRUE(first.has_value());
  EXPECT_GT(first->id, 0);
  EXPECT_EQ(first->node, "node");
  EXPECT_EQ(first->not_after, kLedgerNow + 1h);

  ASSERT_TRUE(commit(node, {SaveLineage{a_lineage(first->id, "0b", "0a")}}).has_value());
  EXPECT_EQ((*(*node)->find_lineage("0a"))->latest, "0b");
  EXPECT_EQ((*(*node)->find_lineage("0b"))->id, first->id);
  EXPECT_FALSE((*node)->find_lineage("")->has_value());

  ASSERT_TRUE(commit(node, {SaveLineage{a_lineage(first->id, "0b")}}).has_value());
  EXPECT_FALSE((*node)->find_lineage("0a")->has_value());
  EXPECT_EQ((*node)->lineages()->size(), 1U);
  EXPECT_TRUE(*(*node)->knows_identity("spiffe://cluster.local/ns/a/sa/b"));
  EXPECT_FALSE(*(*node)->knows_identity("spiffe://cluster.local/ns/a/sa/c"));
}

TEST_P(LedgerContract, APodIsKeptWithItsLineage) {
  Node node = open();
  Lineage of_pod = a_lineage(0, "0a");
  of_pod.pod = "5e0c";
  ASSERT_TRUE(commit(node, {SaveLineage{of_pod}, SaveLineage{a_lineage(0, "0b")}}).has_value());
  node = nullptr;
  Node again = open();
  EXPECT_EQ((*(*again)->find_lineage("0a"))->pod, "5e0c");
  EXPECT_EQ((*(*again)->find_lineage("0b"))->pod, "");
}

TEST_P(LedgerContract, DocumentsAreBytesAndMayHaveToBeNew) {
  Node node = open();
  std::string bytes("\0\xff{not json", 11);

  EXPECT_EQ(refusal(node, {PutMeta{"rollout", bytes, true}}), Reason::kNone);
  EXPECT_EQ(refusal(node, {PutMeta{"rollout", "other", true}}), Reason::kConflict);
  EXPECT_EQ(*(*node)->meta("rollout"), bytes);
  EXPECT_EQ(refusal(node, {PutMeta{"rollout", ""}}), Reason::kNone);
  EXPECT_EQ(*(*node)->meta("rollout"), "");
  EXPECT_FALSE((*node)->meta("nothing")->has_value());
}

TEST_P(LedgerContract, AChangeIsKeptWholeOrNotAtAll) {
  Node node = open();
  ASSERT_TRUE(commit(node, {AddJoinToken{secret_hash("a"), a_join_token("one")}}).has_value());

  EXPECT_EQ(refusal(node, {TakeJoinToken{secret_hash("a")}, SaveLineage{a_lineage(0, "0a")}, PutMeta{"m", "1"},
                           RemoveAdminToken{"nobody"}}),
            Reason::kNotFound);
  EXPECT_EQ((*node)->join_tokens()->size(), 1U);
  EXPECT_TRUE((*node)->lineages()->empty());
  EXPECT_FALSE((*node)->meta("m")->has_value());

  EXPECT_EQ(refusal(node, {TakeJoinToken{secret_hash("a")}, SaveLineage{a_lineage(0, "0a")}, PutMeta{"m", "1"}}),
            Reason::kNone);
  node = nullptr;
  Node again = open();
  EXPECT_TRUE((*again)->join_tokens()->empty());
  EXPECT_EQ((*again)->lineages()->size(), 1U);
  EXPECT_EQ(*(*again)->meta("m"), "1");
}

TEST_P(LedgerContract, WhatExpiredIsForgottenInTheEnd) {
  Node node = open();
  for (int i = 0; i < 50; ++i) {
    std::string name = std::to_string(i);
    ASSERT_TRUE(commit(node, {AddJoinToken{secret_hash(name), a_join_token(name, kLedgerNow)},
                              SaveLineage{a_lineage(0, name, "", kLedgerNow)}})
                    .has_value());
  }
  ASSERT_TRUE(
      commit(node, {AddJoinToken{secret_hash("stays"), a_join_token("stays")}, SaveLineage{a_lineage(0, "stays")}})
          .has_value());

  // Where one change takes only so many, the next takes others.
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(commit(node, {ExpireRecords{kLedgerNow, kLedgerNow}}).has_value());
  }

  ASSERT_EQ((*node)->join_tokens()->size(), 1U);
  EXPECT_EQ((*node)->join_tokens()->front().id, "stays");
  ASSERT_EQ((*node)->lineages()->size(), 1U);
  EXPECT_EQ((*node)->lineages()->front().latest, "stays");
  EXPECT_EQ(refusal(node, {AddJoinToken{secret_hash("x"), a_join_token("7")}}), Reason::kNone);
  EXPECT_EQ(refusal(node, {ExpireRecords{kLedgerNow, kLedgerNow}}), Reason::kNone) << "nothing to do";
}

TEST_P(LedgerContract, SyncSucceeds) {
  Node node = open();
  EXPECT_TRUE(rig_.sync(node->get()).has_value());
  ASSERT_TRUE(commit(node, {PutMeta{"m", "1"}}).has_value());
  EXPECT_TRUE(rig_.sync(node->get()).has_value());
}

TEST_P(LedgerContract, OurOwnChangesAreNotTold) {
  Node node = open();
  LedgerWitness witness(node->get());

  for (int i = 0; i < 20; ++i) ASSERT_TRUE(commit(node, {PutMeta{"m", std::to_string(i)}}).has_value());
  ASSERT_TRUE(rig_.sync(node->get()).has_value());
  run_turns(rig_.loop);

  EXPECT_TRUE(witness.told.empty());
}

INSTANTIATE_TEST_SUITE_P(Ledgers, LedgerContract, testing::Values(Kept::kSqlite, Kept::kEtcd, Kept::kKubernetes),
                         [](const auto& ledger) {
                           return ledger.param == Kept::kSqlite ? "Sqlite"
                                  : ledger.param == Kept::kEtcd ? "Etcd"
                                                                : "Kubernetes";
                         });
}  // namespace
}  // namespace heddle
