#include "control/store/etcd_mirror_state.h"

#include <gtest/gtest.h>

#include "control/store/etcd_mirror_commit.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
using Keys = EtcdMirrorState::Keys;
using Contents = std::map<std::string, std::string>;

Contents contents(const EtcdMirrorState& state) {
  Contents out;
  for (const auto& [key, record] : state.records()) out.emplace(key, record.value);
  return out;
}

EtcdMirrorState loaded(EtcdMirrorRecords records = {}, int64_t revision = 10) {
  EtcdMirrorState state;
  state.on_loaded(revision, std::move(records));
  return state;
}

TEST(EtcdMirrorState, HasWhatWasReadAndWhatWasWatchedAfterIt) {
  EtcdMirrorState state = loaded({{"a", {"1", 3}}, {"b", {"1", 4}}});

  EXPECT_TRUE(state.on_changed({"a", "2", 11}));
  EXPECT_TRUE(state.on_changed({"b", std::nullopt, 12}));
  state.reach(12);

  EXPECT_EQ(contents(state), (Contents{{"a", "2"}}));
  EXPECT_EQ(state.revision_of("a"), 11);
  EXPECT_EQ(state.revision_of("b"), 0);
  EXPECT_EQ(state.revision(), 12);
}

TEST(EtcdMirrorState, WhatIsToldTwiceIsNoNews) {
  EtcdMirrorState state = loaded({{"a", {"1", 3}}});

  EXPECT_TRUE(state.on_changed({"a", "2", 11}));
  EXPECT_FALSE(state.on_changed({"a", "2", 11}));
  EXPECT_FALSE(state.on_changed({"a", "1", 3}));
  EXPECT_FALSE(state.on_changed({"z", "1", 10})) << "before what was read";
}

// Our own commit is known before the watch tells what happened earlier.
TEST(EtcdMirrorState, WhatHappenedEarlierDoesNotUndoWhatIsKnown) {
  EtcdMirrorState state = loaded({{"a", {"1", 3}}});
  EXPECT_TRUE(state.on_changed({"a", std::nullopt, 15}));
  EXPECT_TRUE(state.on_changed({"b", "ours", 16}));

  EXPECT_FALSE(state.on_changed({"a", "late", 12}));
  EXPECT_FALSE(state.on_changed({"b", "late", 13}));
  EXPECT_TRUE(state.on_changed({"c", "late", 14}));
  state.reach(14);

  EXPECT_EQ(contents(state), (Contents{{"b", "ours"}, {"c", "late"}}));
  EXPECT_TRUE(state.on_changed({"a", "again", 17}));
}

TEST(EtcdMirrorState, ReadingAnewKeepsWhatIsNewerAndSaysWhatChanged) {
  EtcdMirrorState state = loaded({{"a", {"1", 3}}, {"b", {"1", 4}}, {"c", {"1", 5}}});
  EXPECT_TRUE(state.on_changed({"ours", "1", 30}));
  EXPECT_TRUE(state.on_changed({"c", std::nullopt, 31}));

  Keys changed = state.on_loaded(20, {{"a", {"2", 18}}, {"c", {"1", 5}}, {"d", {"1", 19}}});

  EXPECT_EQ(changed, (Keys{"b", "a", "d"}));
  EXPECT_EQ(contents(state), (Contents{{"a", "2"}, {"d", "1"}, {"ours", "1"}}));
  EXPECT_EQ(state.revision(), 20);
}

TEST(EtcdMirrorState, AnOldReadTeachesNothing) {
  EtcdMirrorState state = loaded({{"a", {"1", 3}}});
  state.reach(20);

  EXPECT_EQ(state.on_loaded(15, {}), Keys{});
  EXPECT_FALSE(state.on_read("a", std::nullopt, 15));

  EXPECT_EQ(contents(state), (Contents{{"a", "1"}}));
}

TEST(EtcdMirrorState, AKeyThatWasReadIsAsItWasThen) {
  EtcdMirrorState state = loaded({{"a", {"1", 3}}, {"b", {"1", 4}}});

  EXPECT_TRUE(state.on_read("a", std::nullopt, 20));
  EXPECT_TRUE(state.on_read("b", EtcdMirrorRecord{"2", 18}, 20));
  EXPECT_FALSE(state.on_read("b", EtcdMirrorRecord{"2", 18}, 21));

  EXPECT_FALSE(state.on_changed({"a", "put before it was erased", 12}));
  EXPECT_EQ(contents(state), (Contents{{"b", "2"}}));
}

TEST(EtcdMirrorState, TellsEachChangeWithWhatWasThere) {
  EtcdMirrorState state = loaded({{"a", {"1", 3}}});
  std::vector<std::string> told;
  state.set_on_record([&told](const std::string& key, const std::string* was, const std::string* now) {
    told.push_back(key + " " + (was == nullptr ? "-" : *was) + ">" + (now == nullptr ? "-" : *now));
  });

  state.on_changed({"a", "2", 11});
  state.on_changed({"b", "1", 12});
  state.on_changed({"a", std::nullopt, 13});
  state.on_changed({"nothing", std::nullopt, 14});

  EXPECT_EQ(told, (std::vector<std::string>{"a 1>2", "b ->1", "a 2>-"}));
}

// However what happened comes to us, in the end we have it: a history of etcd, told by a watch that repeats itself, by
// answers out of order and by reads of everything.
TEST(EtcdMirrorState, ComesToTheSameByWhateverWay) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    std::vector<EtcdMirrorState::Event> history;
    std::vector<EtcdMirrorRecords> at(1);  // by revision
    for (int64_t revision = 1; revision <= 60; ++revision) {
      std::string key(1, static_cast<char>('a' + random.below(5)));
      std::optional<std::string> value;
      if (random.below(3) != 0) value = std::to_string(revision);
      EtcdMirrorRecords now = at.back();
      now.erase(key);
      if (value) now.emplace(key, EtcdMirrorRecord{*value, revision});
      at.push_back(std::move(now));
      history.push_back({key, value, revision});
    }
    EtcdMirrorState state;
    size_t watched = random.below(20);
    state.on_loaded(static_cast<int64_t>(watched), at[watched]);
    while (watched < history.size()) {
      size_t ahead = watched + random.below(history.size() - watched);
      if (random.below(4) == 0) state.on_changed(history[ahead]);
      if (random.below(6) == 0) {
        auto found = at[ahead].find("b");
        state.on_read("b", found == at[ahead].end() ? std::nullopt : std::optional(found->second),
                      static_cast<int64_t>(ahead));
      }
      if (random.below(8) == 0) state.on_loaded(static_cast<int64_t>(ahead), at[ahead]);
      if (random.below(3) == 0) watched -= std::min<size_t>(watched, random.below(3));
      size_t until = std::min(history.size(), watched + 1 + random.below(4));
      for (; watched < until; ++watched) state.on_changed(history[watched]);
      state.reach(history[until - 1].revision);
      ASSERT_GE(state.revision(), static_cast<int64_t>(watched));
    }
    ASSERT_EQ(state.records(), at.back());
  }
}

TEST(EtcdMark, SaysWhenItWasMade) {
  EXPECT_EQ(etcd_mark("p", 7, WallTime(1'800'000'000s)), "p-7 1800000000");
  EXPECT_EQ(etcd_mark_time("p-7 1800000000"), WallTime(1'800'000'000s));
  for (std::string_view bad : {"", "p-7", "p-7 ", "p-7 x", "p-7 -1", "p-7 99999999999999"}) {
    EXPECT_EQ(etcd_mark_time(bad), std::nullopt) << bad;
  }
}
}  // namespace
}  // namespace heddle
