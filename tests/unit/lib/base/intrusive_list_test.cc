#include "lib/base/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace heddle {
namespace {
struct Item : ListNode<Item>, ListNode<Item, struct OtherTag> {
  explicit Item(char n) : name(n) {}
  char name;
};
using List = IntrusiveList<Item>;

std::string names(List& list) {
  std::string out;
  list.for_each([&](Item& item) { out.push_back(item.name); });
  return out;
}

void unlink(Item& item) { static_cast<List::Node&>(item).unlink(); }
bool is_linked(const Item& item) { return static_cast<const List::Node&>(item).is_linked(); }

class IntrusiveListTest : public testing::Test {
 protected:
  Item a_{'a'};
  Item b_{'b'};
  Item c_{'c'};
  List list_;
};

TEST_F(IntrusiveListTest, KeepsTheOrderOfBothEnds) {
  list_.push_back(b_);
  list_.push_back(c_);
  list_.push_front(a_);

  EXPECT_EQ(names(list_), "abc");
  EXPECT_EQ(list_.front(), &a_);
  EXPECT_EQ(list_.back(), &c_);
}

TEST_F(IntrusiveListTest, PopsFromTheFrontUntilEmpty) {
  list_.push_back(a_);
  list_.push_back(b_);

  EXPECT_EQ(list_.pop_front(), &a_);
  EXPECT_EQ(list_.pop_front(), &b_);

  EXPECT_EQ(list_.pop_front(), nullptr);
  EXPECT_EQ(list_.front(), nullptr);
  EXPECT_EQ(list_.back(), nullptr);
  EXPECT_TRUE(list_.empty());
  EXPECT_FALSE(is_linked(a_));
}

TEST_F(IntrusiveListTest, AnItemLeavesFromTheMiddle) {
  list_.push_back(a_);
  list_.push_back(b_);
  list_.push_back(c_);

  unlink(b_);
  unlink(b_);

  EXPECT_EQ(names(list_), "ac");
}

TEST_F(IntrusiveListTest, AnItemThatDiesLeavesItsList) {
  auto dying = std::make_unique<Item>('x');
  list_.push_back(a_);
  list_.push_back(*dying);
  list_.push_back(c_);

  dying.reset();

  EXPECT_EQ(names(list_), "ac");
}

TEST_F(IntrusiveListTest, AListThatDiesLeavesItsItemsUnlinked) {
  auto list = std::make_unique<List>();
  list->push_back(a_);
  list->push_back(b_);

  list.reset();

  EXPECT_FALSE(is_linked(a_));
  EXPECT_FALSE(is_linked(b_));
}

TEST_F(IntrusiveListTest, SplicesInOrderAndEmptiesTheOther) {
  List other;
  list_.push_back(a_);
  other.push_back(b_);
  other.push_back(c_);

  list_.splice(other);
  list_.splice(other);

  EXPECT_EQ(names(list_), "abc");
  EXPECT_TRUE(other.empty());
}

TEST_F(IntrusiveListTest, ForEachAllowsTheItemToLeave) {
  list_.push_back(a_);
  list_.push_back(b_);
  list_.push_back(c_);

  list_.for_each([](Item& item) {
    if (item.name != 'b') unlink(item);
  });

  EXPECT_EQ(names(list_), "b");
}

TEST_F(IntrusiveListTest, AnItemMayBeInOneListPerTag) {
  IntrusiveList<Item, OtherTag> other;
  list_.push_back(a_);
  other.push_back(a_);

  unlink(a_);

  EXPECT_TRUE(list_.empty());
  EXPECT_EQ(other.front(), &a_);
}
}  // namespace
}  // namespace heddle
