// One suite for every journal that a store may stand on: SQLite and etcd (three real members). What only several
// writers can show is in etcd_store_test.cc.
#include <gtest/gtest.h>

#include "tests/support/store_rig.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
enum class Kept : uint8_t { kSqlite, kEtcd };

ResourceKey key(std::string_view name) { return *ResourceKey::make(Kind::kBackendSet, "default", name); }

std::map<std::string, std::string> contents(const View& view) {
  std::map<std::string, std::string> out;
  view.for_each([&out](const StoredResource::Ptr& r) { out.emplace(r->key_text(), r->api_document().compact()); });
  return out;
}

class StoreContract : public testing::TestWithParam<Kept> {
 protected:
  std::unique_ptr<StoreRig::Node> open() {
    if (GetParam() == Kept::kSqlite) return rig_.open_sqlite(rig_.folder / "db");
    EtcdJournal::Options options;
    options.prefix = prefix_;
    return rig_.open_etcd(StoreRig::options(EtcdCluster::shared().endpoints()), std::move(options));
  }
  Result<Commit> commit(StoreRig::Node& node, Transaction operations, std::string message = "") {
    return rig_.commit(node, {std::move(operations), "ada", std::move(message), {}});
  }
  static Transaction many(int count, std::string_view filler = "") {
    Transaction out;
    for (int i = 0; i < count; ++i) {
      std::string name = str_cat("set-", std::to_string(i));
      std::string document = backend_set(name).document.compact();
      if (!filler.empty()) {
        document = JsonValue::parse(document)
                       ->with({"metadata", "annotations", "filler"}, JsonValue::string(filler))
                       .compact();
      }
      out.push_back(PutOperation{envelope(document)});
    }
    return out;
  }

  StoreRig rig_;
  // Of this test alone, however often it is repeated.
  std::string prefix_ = str_cat("/heddle/", std::to_string(rig_.random.next()), "/");
};

TEST_P(StoreContract, StartsEmptyInEpochOne) {
  auto node = open();

  EXPECT_EQ(node->store->version(), (Version{1, 0}));
  EXPECT_EQ(node->store->view().size(), 0U);
}

TEST_P(StoreContract, ATransactionIsOneVersion) {
  auto node = open();

  Result<Commit> first = commit(*node, {PutOperation{backend_set("a")}, PutOperation{backend_set("b")}});
  Result<Commit> second = commit(*node, {EraseOperation{key("a")}, PutOperation{backend_set("b", "2")}});

  ASSERT_TRUE(first.has_value()) << first.error().text();
  ASSERT_TRUE(second.has_value()) << second.error().text();
  EXPECT_EQ(first->version, (Version{1, 1}));
  EXPECT_EQ(second->version, (Version{1, 2}));
  EXPECT_EQ(node->store->view().size(), 1U);
}

TEST_P(StoreContract, CommitsAreMadeInTheOrderInWhichTheyCome) {
  auto node = open();
  std::vector<uint64_t> order;
  std::vector<Pending> tokens;

  for (int i = 0; i < 20; ++i) {
    CommitRequest request{{PutOperation{backend_set("a", std::to_string(1000 + i))}}};
    tokens.push_back(node->store->commit(std::move(request), nullptr, [&order](Result<Commit> done) {
      order.push_back(done.has_value() ? done->version.sequence : 0);
    }));
  }

  ASSERT_TRUE(runs_until(rig_.loop, [&] { return order.size() == 20; }));
  for (size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], i + 1);
}

TEST_P(StoreContract, ARestartShowsContentHistoryAndNotes) {
  std::map<std::string, std::string> before;
  {
    auto node = open();
    ASSERT_TRUE(commit(*node, {PutOperation{backend_set("a")}, PutOperation{backend_set("b")}}, "first").has_value());
    ASSERT_TRUE(commit(*node, {PutOperation{backend_set("a", "2")}}, "second").has_value());
    ASSERT_TRUE(commit(*node, {EraseOperation{key("b")}}, "third \"quoted\"\nline").has_value());
    before = contents(node->store->view());
  }

  auto again = open();

  EXPECT_EQ(again->store->version(), (Version{1, 3}));
  EXPECT_EQ(contents(again->store->view()), before);
  ASSERT_NE(again->store->log().find({1, 3}), nullptr);
  EXPECT_EQ(again->store->log().find({1, 3})->note.message, "third \"quoted\"\nline");
  EXPECT_EQ(again->store->log().find({1, 2})->note.author, "ada");
  std::optional<View> first = again->store->view_at({1, 1});
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->size(), 2U);
  EXPECT_NE(first->find(key("a"))->bytes().find(":8080"), std::string_view::npos);
  EXPECT_TRUE(commit(*again, {PutOperation{backend_set("c")}}).has_value());
  EXPECT_EQ(again->store->version(), (Version{1, 4}));
}

TEST_P(StoreContract, ATransactionOfFiveThousandResources) {
  {
    auto node = open();
    Result<Commit> made = commit(*node, many(5000));
    ASSERT_TRUE(made.has_value()) << made.error().text();
  }

  auto again = open();

  EXPECT_EQ(again->store->version(), (Version{1, 1}));
  EXPECT_EQ(again->store->view().size(), 5000U);
}

TEST_P(StoreContract, ATransactionOfTenMebibytes) {
  std::string filler(200 * 1024, 'x');
  std::map<std::string, std::string> before;
  {
    auto node = open();
    ASSERT_TRUE(commit(*node, {PutOperation{backend_set("a")}}).has_value());
    Result<Commit> made = commit(*node, many(55, filler));
    ASSERT_TRUE(made.has_value()) << made.error().text();
    EXPECT_GT(node->store->view().total_bytes(), 10U << 20);
    before = contents(node->store->view());
  }

  auto again = open();

  EXPECT_EQ(again->store->version(), (Version{1, 2}));
  EXPECT_EQ(contents(again->store->view()), before);
}

TEST_P(StoreContract, WhatIsRefusedLeavesNothing) {
  auto node = open();
  ASSERT_TRUE(commit(*node, {PutOperation{backend_set("a")}}).has_value());

  Result<Commit> refused = commit(*node, {PutOperation{backend_set("b")}, EraseOperation{key("nothing")}});

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kNotFound);
  node = nullptr;
  EXPECT_EQ(open()->store->view().size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Journals, StoreContract, testing::Values(Kept::kSqlite, Kept::kEtcd),
                         [](const auto& journal) { return journal.param == Kept::kSqlite ? "Sqlite" : "Etcd"; });
}  // namespace
}  // namespace heddle
