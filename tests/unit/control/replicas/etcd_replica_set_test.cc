#include "control/replicas/etcd_replica_set.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
ReplicaRecord record(std::string id, std::string name, std::string_view address) {
  return {std::move(id), std::move(name), *Address::parse(address), "0.7.0"};
}

class ReplicaSetTest : public testing::Test {
 protected:
  void keep(const ReplicaRecord& one, int64_t revision) { keep_text(one.id, str_cat("00ff ", to_json(one)), revision); }
  void keep_text(std::string key, std::string value, int64_t revision) {
    EtcdMirror::Record kept;
    kept.value = std::move(value);
    kept.revision = revision;
    records_[std::move(key)] = std::move(kept);
  }
  EtcdMirror::Records records_;
  ReplicaRecord own_ = record("1", "a", "10.0.0.1:7000");
};

TEST_F(ReplicaSetTest, ARecordSurvivesItsTripThroughALease) {
  EXPECT_EQ(*parse_lease_value(str_cat("00ff ", to_json(own_))), own_);
  EXPECT_EQ(*parse_replica_record(R"({"id":"1","name":"a","address":"10.0.0.1:7000","software":"0.7.0","more":1})"),
            own_)
      << "a newer control plane may say more";
}

TEST_F(ReplicaSetTest, ARecordThatMakesNoSenseIsRefused) {
  for (std::string_view value :
       {"", "x", "x {}", "x []", R"(x {"id":"1","name":"a","address":"a.example:1","software":"1"})",
        R"(x {"id":"1","name":"a","address":"10.0.0.1:0","software":"1"})",
        R"(x {"id":"","name":"a","address":"10.0.0.1:1","software":"1"})"}) {
    EXPECT_FALSE(parse_lease_value(value).has_value()) << value;
  }
}

TEST_F(ReplicaSetTest, TheOthersAreAllButThisOneAndWhatRanHereBefore) {
  keep(own_, 5);
  keep(record("0", "a", "10.0.0.1:7000"), 4);
  keep(record("2", "b", "10.0.0.2:7000"), 6);
  keep(record("3", "c", "10.0.0.3:7000"), 7);

  std::vector<ReplicaRecord> others = other_replicas(records_, own_);

  ASSERT_EQ(others.size(), 2U);
  EXPECT_EQ(others[0].name, "b");
  EXPECT_EQ(others[1].name, "c");
}

TEST_F(ReplicaSetTest, OfTwoWithOneAddressTheNewerIsAlive) {
  keep(record("9", "b", "10.0.0.2:7000"), 6);
  keep(record("2", "b", "10.0.0.2:7000"), 8);

  std::vector<ReplicaRecord> others = other_replicas(records_, own_);

  ASSERT_EQ(others.size(), 1U);
  EXPECT_EQ(others[0].id, "2");
}

TEST_F(ReplicaSetTest, OfTwoNamesWithOneAddressTheOlderIsKnownAndCannotBeReached) {
  keep(record("2", "b", "127.0.0.1:7000"), 6);
  keep(record("3", "b", "127.0.0.1:7000"), 7);
  keep(record("4", "c", "127.0.0.1:7000"), 8);

  std::vector<ReplicaRecord> others = other_replicas(records_, own_);

  ASSERT_EQ(others.size(), 2U) << "the sidecars of both are waited for";
  EXPECT_EQ(others[0], record("4", "c", "127.0.0.1:7000"));
  EXPECT_EQ(others[1].id, "3");
  EXPECT_FALSE(others[1].address.is_set());
}

TEST_F(ReplicaSetTest, AnotherOneThatSaysToHaveOurAddressIsKnownAndCannotBeReached) {
  keep(own_, 5);
  keep(record("2", "b", "10.0.0.1:7000"), 6);

  std::vector<ReplicaRecord> others = other_replicas(records_, own_);

  ASSERT_EQ(others.size(), 1U) << "its sidecars are waited for";
  EXPECT_EQ(others[0].name, "b");
  EXPECT_FALSE(others[0].address.is_set());
}

TEST_F(ReplicaSetTest, OneThatCannotBeReadIsKnownAllTheSame) {
  keep_text("7", "00ff {}", 3);

  std::vector<ReplicaRecord> others = other_replicas(records_, own_);

  ASSERT_EQ(others.size(), 1U);
  EXPECT_EQ(others[0].name, "7");
  EXPECT_FALSE(others[0].address.is_set());
}
}  // namespace
}  // namespace heddle
