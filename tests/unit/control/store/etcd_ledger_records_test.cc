#include "control/store/etcd_ledger_records.h"

#include <gtest/gtest.h>

#include "control/store/etcd_ledger_plan.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr WallTime kNow{1'800'000'000s};
Sha256Digest hash(std::string_view text) { return sha256(as_bytes(text)); }
JoinToken join(std::string id, WallTime expires = kNow + 1h) {
  return {std::move(id), "spiffe://cluster.local/ns/a/sa/b", kNow, expires};
}
Lineage lineage(int64_t id, std::string latest, WallTime not_after = kNow + 1h) {
  return {id, "spiffe://cluster.local/ns/a/sa/b", std::move(latest), "", not_after, "node"};
}

TEST(EtcdLedgerRecords, AreReadAsTheyWereWritten) {
  AdminTokenRow row{"ci \"x\"", "admin", kNow, R"({"grants":[]})", kNow + 1h};
  AdminTokenRow forever{"ci", "", kNow, "{}", {}};
  Lineage one{42, "spiffe://a/b", "0a", "09", kNow, "n"};

  Result<JoinToken> token = decode_join_token("join/x", encode(join("t")));
  Result<AdminTokenRow> admin = decode_admin_token("admin/x", encode(row));
  Result<AdminTokenRow> other = decode_admin_token("admin/x", encode(forever));
  Result<Lineage> read = decode_lineage(ledger_lineage_key(42), encode(one));

  ASSERT_TRUE(token.has_value() && admin.has_value() && other.has_value() && read.has_value());
  EXPECT_EQ(token->id, "t");
  EXPECT_EQ(token->expires, kNow + 1h);
  EXPECT_EQ(admin->id, row.id);
  EXPECT_EQ(admin->grants, row.grants);
  EXPECT_EQ(admin->expires, row.expires);
  EXPECT_EQ(other->expires, std::nullopt);
  EXPECT_EQ(read->id, 42);
  EXPECT_EQ(read->previous, "09");
  EXPECT_EQ(read->node, "n");
}

TEST(EtcdLedgerRecords, WhatIsDamagedIsRefusedByName) {
  for (std::string_view bad : {"", "{", "[]", "{}", R"({"format":1})",
                               R"({"format":1,"id":"a","identity":"b",)"
                               R"("created":1,"expires":2,"more":3})"}) {
    Result<JoinToken> read = decode_join_token("join/ab", bad);
    ASSERT_FALSE(read.has_value()) << bad;
    EXPECT_EQ(read.error().reason, Reason::kIo);
    EXPECT_NE(read.error().detail.find("join/ab"), std::string::npos) << read.error().detail;
  }
  EXPECT_EQ(decode_lineage("lineage/7", encode(lineage(7, "a"))).error().reason, Reason::kIo);
  EXPECT_EQ(decode_join_token("join/ab", R"({"format":2})").error().reason, Reason::kUnsupported);
}

TEST(EtcdLedgerIndex, FindsALineageByItsSerialsAsTheyChange) {
  EtcdLedgerIndex index;
  std::string key = ledger_lineage_key(7);
  std::string first = encode(lineage(7, "a"));
  Lineage renewed = lineage(7, "b");
  renewed.previous = "a";
  std::string second = encode(renewed);
  std::string third = encode(lineage(7, "b"));

  EXPECT_TRUE(index.set(key, &first).has_value());
  EXPECT_EQ(index.lineage_of("a")->id, 7);
  EXPECT_EQ(index.lineage_of(""), std::nullopt);
  EXPECT_TRUE(index.set(key, &second).has_value());
  EXPECT_EQ(index.lineage_of("a")->latest, "b");
  EXPECT_EQ(index.lineage_of("b")->latest, "b");
  EXPECT_TRUE(index.set(key, &third).has_value());
  EXPECT_EQ(index.lineage_of("a"), std::nullopt);
  EXPECT_TRUE(index.knows_identity(renewed.identity));
  EXPECT_TRUE(index.set(key, nullptr).has_value());
  EXPECT_EQ(index.lineage_of("b"), std::nullopt);
  EXPECT_FALSE(index.knows_identity(renewed.identity));
}

TEST(EtcdLedgerIndex, OneDamagedRecordStopsNoOther) {
  EtcdLedgerIndex index;
  std::string good = encode(join("good"));
  std::string bad = "{";
  EXPECT_TRUE(index.set("join/aa", &good).has_value());

  EXPECT_FALSE(index.set("join/bb", &bad).has_value());

  EXPECT_EQ(index.join_token("join/bb").error().reason, Reason::kIo);
  EXPECT_EQ((*index.join_token("join/aa"))->id, "good");
  EXPECT_EQ(index.join_tokens().size(), 1U);
  EXPECT_TRUE(index.set("join/bb", nullptr).has_value());
  EXPECT_EQ(*index.join_token("join/bb"), std::nullopt);
}

// What a plan says, applied as etcd would.
class EtcdLedgerPlanTest : public testing::Test {
 protected:
  Result<EtcdLedgerPlan::Changes> plan(const LedgerChange& change) {
    return EtcdLedgerPlan(records_, index_, random_).make(change);
  }
  Result<void> apply(const LedgerChange& change) {
    HEDDLE_TRY(EtcdLedgerPlan::Changes changes, plan(change));
    for (const EtcdMirror::Change& one : changes) {
      records_.erase(one.key);
      if (one.value) records_.emplace(one.key, EtcdMirrorRecord{*one.value, ++revision_});
      HEDDLE_CHECK_OK(index_.set(one.key, one.value ? &*one.value : nullptr));
    }
    return {};
  }
  EtcdMirrorRecords records_;
  EtcdLedgerIndex index_;
  SeededRandom random_;
  int64_t revision_ = 0;
};

TEST_F(EtcdLedgerPlanTest, AnIdExistsOnceAndIsFreeAgain) {
  ASSERT_TRUE(apply({AddJoinToken{hash("1"), join("t")}}).has_value());

  EXPECT_EQ(plan({AddJoinToken{hash("2"), join("t")}}).error().reason, Reason::kConflict);
  EXPECT_EQ(plan({AddJoinToken{hash("1"), join("u")}}).error().reason, Reason::kConflict);
  ASSERT_TRUE(apply({TakeJoinToken{hash("1")}}).has_value());

  EXPECT_TRUE(records_.empty());
  EXPECT_EQ(plan({TakeJoinToken{hash("1")}}).error().reason, Reason::kNotFound);
  EXPECT_TRUE(plan({AddJoinToken{hash("2"), join("t")}}).has_value());
}

TEST_F(EtcdLedgerPlanTest, AnAdminTokenThatCannotBeReadCanBeRemoved) {
  ASSERT_TRUE(apply({AddAdminToken{hash("1"), {"ci", "admin", kNow}}}).has_value());
  records_[ledger_admin_key(hash("1"))].value = "{";

  ASSERT_TRUE(apply({RemoveAdminToken{"ci"}}).has_value());

  EXPECT_TRUE(records_.empty());
  EXPECT_EQ(plan({RemoveAdminToken{"ci"}}).error().reason, Reason::kNotFound);
}

TEST_F(EtcdLedgerPlanTest, OperationsOfOneChangeSeeEachOther) {
  ASSERT_TRUE(apply({AddJoinToken{hash("1"), join("t")}, TakeJoinToken{hash("1")}}).has_value());

  EXPECT_TRUE(records_.empty());
  EXPECT_EQ(plan({PutMeta{"m", "1", true}, PutMeta{"m", "1", true}}).error().reason, Reason::kConflict);
}

TEST_F(EtcdLedgerPlanTest, ExpiryTakesFortyAtATime) {
  for (int i = 0; i < 60; ++i) {
    std::string name = std::to_string(i);
    ASSERT_TRUE(apply({AddJoinToken{hash(name), join(name, kNow)}}).has_value());
    ASSERT_TRUE(apply({SaveLineage{lineage(0, name, i < 30 ? kNow : kNow + 2h)}}).has_value());
  }

  std::vector<size_t> sizes;
  for (int i = 0; i < 4; ++i) {
    Result<EtcdLedgerPlan::Changes> one = plan({ExpireRecords{kNow, kNow}});
    ASSERT_TRUE(one.has_value());
    EXPECT_LE(one->size(), EtcdMirror::kMaxChanges);
    ASSERT_TRUE(apply({ExpireRecords{kNow, kNow}}).has_value());
    sizes.push_back(index_.join_tokens().size() + index_.lineages().size());
  }

  EXPECT_EQ(sizes, (std::vector<size_t>{80, 40, 30, 30}));
  EXPECT_EQ(index_.lineages().size(), 30U);
}

TEST_F(EtcdLedgerPlanTest, NewLineagesGetPositiveIdsOfTheirOwn) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(apply({SaveLineage{lineage(0, std::to_string(i))}, SaveLineage{lineage(0, "x" + std::to_string(i))}})
                    .has_value());
  }

  ASSERT_EQ(index_.lineages().size(), 200U);
  EXPECT_GT(index_.lineages().front().id, 0);
}
}  // namespace
}  // namespace heddle
