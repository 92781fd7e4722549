#include "lib/session/stream_table.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>

namespace heddle {
namespace {
struct StreamTableTest : testing::Test {
  void insert(int64_t id) {
    items_.push_back(id);
    table_.insert(StreamId(id), &items_.back());
    model_[id] = &items_.back();
  }
  void erase(int64_t id) {
    table_.erase(StreamId(id));
    model_.erase(id);
  }
  void expect_same() {
    ASSERT_EQ(table_.size(), model_.size());
    for (auto& [id, item] : model_) ASSERT_EQ(table_.find(StreamId(id)), item) << id;
  }
  StreamTable<int64_t> table_;
  std::map<int64_t, int64_t*> model_;
  std::deque<int64_t> items_;
};

uint32_t next(uint32_t& state) { return state = state * 1664525 + 1013904223; }

TEST_F(StreamTableTest, FindsNothingInAnEmptyTable) {
  EXPECT_EQ(table_.find(StreamId(1)), nullptr);
  EXPECT_EQ(table_.any(), nullptr);
  table_.erase(StreamId(1));
  EXPECT_TRUE(table_.empty());
}

TEST_F(StreamTableTest, KeepsASlidingWindowOfIds) {
  for (int64_t id = 1; id < 2000; id += 2) {
    insert(id);
    if (id > 200) erase(id - 200);
    expect_same();
  }
}

TEST_F(StreamTableTest, AgreesWithAMapWhateverTheOrder) {
  uint32_t chance = 7;  // the same run every time
  for (int step = 0; step < 4000; ++step) {
    int64_t id = static_cast<int64_t>((next(chance) >> 16) % 512) * 2 + 1;
    if (model_.contains(id)) {
      erase(id);
    } else {
      insert(id);
    }
    if (step % 16 == 0) expect_same();
  }
  expect_same();
}

TEST_F(StreamTableTest, AnAbsentIdIsNotErased) {
  insert(1);
  insert(5);
  table_.erase(StreamId(3));
  expect_same();
}
}  // namespace
}  // namespace heddle
