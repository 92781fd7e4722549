#include "control/watch/pass_order.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
using Ids = std::vector<uint64_t>;

class PassOrderTest : public testing::Test {
 protected:
  Ids take(size_t most = SIZE_MAX) {
    Ids out;
    while (out.size() < most) {
      auto at = order_.next(all_);
      if (at == all_.end()) break;
      out.push_back(at->first);
    }
    return out;
  }
  void begin(const Ids& first = {}) { order_.begin(first); }
  std::map<uint64_t, int> all_{{1, 0}, {2, 0}, {3, 0}, {4, 0}};
  PassOrder order_;
};

TEST_F(PassOrderTest, NobodyHasATurnBeforeItBegins) {
  EXPECT_TRUE(order_.is_over());
  EXPECT_EQ(take(), Ids{});
}

TEST_F(PassOrderTest, TheFirstGoFirstAndThenEverybody) {
  begin({3, 2});
  EXPECT_FALSE(order_.is_over());

  EXPECT_EQ(take(), (Ids{3, 2, 1, 2, 3, 4}));
  EXPECT_TRUE(order_.is_over());
}

TEST_F(PassOrderTest, EachPassIsOneTurnOfEverybodyWhereverItBegins) {
  begin();
  EXPECT_EQ(take(), (Ids{1, 2, 3, 4}));
  begin();

  EXPECT_EQ(take(), (Ids{1, 2, 3, 4}));
}

TEST_F(PassOrderTest, AChangeOnTheWayPutsItsOwnInFrontAndGoesRound) {
  begin();
  EXPECT_EQ(take(2), (Ids{1, 2}));

  begin({4});

  EXPECT_EQ(take(), (Ids{4, 3, 4, 1, 2}));
}

TEST_F(PassOrderTest, ChangesWithoutEndStarveNobody) {
  std::map<uint64_t, int> turns;
  for (int i = 0; i < 8; ++i) {
    begin({1});
    for (uint64_t id : take(2)) ++turns[id];
  }

  for (uint64_t id = 1; id <= 4; ++id) EXPECT_GE(turns[id], 2) << id;
}

TEST_F(PassOrderTest, WhoLeavesOnTheWayIsPassedBy) {
  begin({3, 1});
  EXPECT_EQ(take(3), (Ids{3, 1, 1}));

  all_.erase(2);
  all_.erase(3);
  begin({3});

  EXPECT_EQ(take(), (Ids{4, 1}));
}

TEST_F(PassOrderTest, WhenEverybodyLeavesItIsOver) {
  begin({1});
  EXPECT_EQ(take(2), (Ids{1, 1}));

  all_.clear();

  EXPECT_EQ(take(), Ids{});
  EXPECT_TRUE(order_.is_over());
}

TEST_F(PassOrderTest, WhoComesOnTheWayHasATurn) {
  begin();
  take(1);

  all_[9] = 0;

  EXPECT_EQ(take(), (Ids{2, 3, 4, 9}));
}

TEST(ChangedSets, HoldWhatChanged) {
  TestStore store;
  store.put(backend_set("a"));
  store.put(backend_set("b"));
  std::vector<StoredResource::Ptr> all;
  store->view().for_each([&all](const StoredResource::Ptr& resource) { all.push_back(resource); });
  ASSERT_EQ(all.size(), 2U);
  ScopeSet::Ptr first = make_scope_set({all[0]});
  ScopeSet::Ptr second = make_scope_set({all[1]});
  ChangedSets sets({all[0]->key_text()});

  EXPECT_TRUE(sets.contains(first.get()));
  EXPECT_TRUE(sets.contains(first.get()));
  EXPECT_FALSE(sets.contains(second.get()));
  EXPECT_FALSE(sets.contains(nullptr));
}
}  // namespace
}  // namespace heddle
