#include "control/store/persistent_map.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
using Map = PersistentMap<int, std::string>;

std::map<int, std::string> contents(const Map& map) {
  std::map<int, std::string> out;
  map.for_each([&out](int key, const std::string& value) { out.emplace(key, value); });
  return out;
}

TEST(PersistentMap, OldVersionsStayAsTheyWere) {
  Map one = Map().with(1, "a").with(2, "b");

  Map two = one.with(1, "A").without(2).with(3, "c");

  EXPECT_EQ(contents(one), (std::map<int, std::string>{{1, "a"}, {2, "b"}}));
  EXPECT_EQ(contents(two), (std::map<int, std::string>{{1, "A"}, {3, "c"}}));
}

TEST(PersistentMap, RemovingWhatIsNotThereIsTheSameMap) {
  Map map = Map().with(1, "a");

  EXPECT_TRUE(map.without(7).is_same(map));
  EXPECT_EQ(map.without(7).size(), 1U);
}

TEST(PersistentMap, WalksFromAKeyUntilTold) {
  Map map;
  for (int i = 0; i < 100; ++i) map = map.with(i, "x");
  std::vector<int> seen;

  map.for_each_from(40, [&seen](int key, const std::string&) {
    if (key == 45) return false;
    seen.push_back(key);
    return true;
  });

  EXPECT_EQ(seen, (std::vector<int>{40, 41, 42, 43, 44}));
}

TEST(PersistentMap, IsAStdMapUnderAnyOperations) {
  SeededRandom random(7);
  Map map;
  std::map<int, std::string> model;

  for (int i = 0; i < 5000; ++i) {
    int key = static_cast<int>(random.below(200));
    if (random.below(3) == 0) {
      map = map.without(key);
      model.erase(key);
    } else {
      map = map.with(key, std::to_string(i));
      model[key] = std::to_string(i);
    }
    ASSERT_EQ(map.size(), model.size());
    ASSERT_EQ(map.find(key) == nullptr, model.count(key) == 0);
  }

  EXPECT_EQ(contents(map), model);
}
}  // namespace
}  // namespace heddle
