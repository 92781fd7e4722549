#include "control/store/led_journal.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
// Writes down what the store would be told.
class Witness final : public JournalObserver {
 public:
  void on_event(ForeignEvent event) override { events.push_back(event.version); }
  void on_reset(JournalState state) override { resets.push_back(state.version); }
  std::vector<Version> events;
  std::vector<Version> resets;
};

class LedJournalTest : public testing::Test {
 protected:
  LedJournalTest() { EXPECT_TRUE(journal.replay(witness).has_value()); }
  static JournalState state(Version version) {
    JournalState out;
    out.version = version;
    return out;
  }
  static ForeignEvent change(Version version) { return {version, {}, {}}; }
  Reason append(Version version) {
    Event event;
    event.version = version;
    Reason out = Reason::kTimeout;
    Pending none = journal.append(event, [&out](const Result<void>& r) { out = r ? Reason::kNone : r.error().reason; });
    return out;
  }
  bool may_write = false;
  LedJournal journal{[this] { return may_write; }};
  Witness witness;
};

TEST_F(LedJournalTest, OnlyWhoLeadsWrites) {
  EXPECT_EQ(append({1, 1}), Reason::kUnavailable);
  EXPECT_EQ(journal.version(), (Version{1, 0}));
  may_write = true;
  EXPECT_EQ(append({1, 1}), Reason::kNone);
  EXPECT_EQ(journal.version(), (Version{1, 1}));
}

TEST_F(LedJournalTest, AFollowerTakesEachVersionOnceAndNothingThatIsOlder) {
  EXPECT_TRUE(journal.take(state({2, 7})));
  EXPECT_TRUE(journal.take(change({2, 8})).has_value());
  EXPECT_TRUE(journal.take(change({2, 8})).has_value()) << "again";
  EXPECT_FALSE(journal.take(state({2, 7}))) << "of who led before";
  EXPECT_FALSE(journal.take(state({1, 99})));
  EXPECT_TRUE(journal.take(state({2, 8}))) << "what we have";

  EXPECT_EQ(witness.resets, (std::vector<Version>{{2, 7}}));
  EXPECT_EQ(witness.events, (std::vector<Version>{{2, 8}}));
  EXPECT_EQ(journal.version(), (Version{2, 8}));
}

TEST_F(LedJournalTest, AGapIsNoticed) {
  EXPECT_TRUE(journal.take(state({2, 7})));
  EXPECT_FALSE(journal.take(change({2, 9})).has_value());
  EXPECT_FALSE(journal.take(change({3, 8})).has_value()) << "of another epoch without its state";
  EXPECT_TRUE(witness.events.empty());
}

TEST_F(LedJournalTest, WhoBeginsToLeadBeginsAnEpochOnTopOfItsCopy) {
  EXPECT_TRUE(journal.take(state({2, 7})));
  journal.begin_epoch(3, View().at({2, 7}));
  EXPECT_EQ(witness.resets.back(), (Version{3, 7}));
  EXPECT_FALSE(journal.take(state({2, 8}))) << "the one before is not followed any more";
}
}  // namespace
}  // namespace heddle
