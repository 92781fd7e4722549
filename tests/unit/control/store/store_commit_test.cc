// How a store commits over a journal that answers later and that others write to: order, lost races, what is told.
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
ResourceKey key(std::string_view name) { return *ResourceKey::make(Kind::kBackendSet, "default", name); }

// Answers when the test says so, and tells of others' transactions.
class ScriptedJournal final : public Journal {
 public:
  Result<JournalState> replay(JournalObserver& observer) override {
    observer_ = &observer;
    JournalState fresh;
    fresh.version = {1, 0};
    return fresh;
  }
  Pending append(const Event& event, AppendDone done) override {
    appended.push_back(event);
    done_ = std::move(done);
    return nullptr;
  }
  bool has_append() const { return static_cast<bool>(done_); }
  void answer(Result<void> result) {
    AppendDone done = std::move(done_);
    done(std::move(result));
  }
  void lose() { answer(make_error(Reason::kConflict, "another was first")); }
  // Another process made `version`, in which this resource is new.
  void others(Version version, std::string_view name, std::string_view port = "8080") {
    observer_->on_event({version, {"bob", "theirs", WallTime(9s)}, {{key(name), resource(version, name, port)}}});
  }
  void reset(Version version, std::string_view name) {
    JournalState state;
    state.version = version;
    state.resources = {resource(version, name, "8080")};
    observer_->on_reset(std::move(state));
  }
  std::vector<Event> appended;

 private:
  static StoredResource::Ptr resource(Version version, std::string_view name, std::string_view port) {
    std::string bytes = *served_bytes(backend_set(name, port), WallTime(8s));
    return StoredResource::make(key(name), bytes, {"u", 1, WallTime(8s), version});
  }
  JournalObserver* observer_ = nullptr;
  AppendDone done_;
};

class StoreCommit : public testing::Test {
 protected:
  struct Asked {
    std::optional<Result<Commit>> result;
    Pending token;
  };
  Asked& commit(CommitRequest request, Admission admission = nullptr) {
    asked_.push_back(std::make_unique<Asked>());
    Asked& asked = *asked_.back();
    asked.token = store_->commit(std::move(request), std::move(admission),
                                 [&asked](Result<Commit> done) { asked.result.emplace(std::move(done)); });
    return asked;
  }
  Asked& put(std::string_view name, std::optional<Version> expected = std::nullopt) {
    return commit({{PutOperation{backend_set(name), expected}}});
  }
  void turn() { clock_.advance(Duration(0)); }

  ManualScheduler clock_;
  SeededRandom random_{3};
  ScriptedJournal journal_;
  std::unique_ptr<Store> store_ = *Store::open(journal_, clock_, random_, {});
  std::vector<std::unique_ptr<Asked>> asked_;
};

TEST_F(StoreCommit, NothingIsShownBeforeTheJournalHasIt) {
  Asked& a = put("a");
  turn();

  ASSERT_TRUE(journal_.has_append());
  EXPECT_FALSE(a.result.has_value());
  EXPECT_EQ(store_->version(), (Version{1, 0}));

  journal_.answer({});

  ASSERT_TRUE(a.result.has_value() && a.result->has_value());
  EXPECT_EQ((*a.result)->version, (Version{1, 1}));
  EXPECT_EQ(store_->version(), (Version{1, 1}));
}

TEST_F(StoreCommit, TheSecondWaitsForTheFirst) {
  Asked& a = put("a");
  Asked& b = put("b");
  turn();
  ASSERT_EQ(journal_.appended.size(), 1U);

  journal_.answer({});
  turn();
  ASSERT_EQ(journal_.appended.size(), 2U);
  EXPECT_FALSE(b.result.has_value());
  journal_.answer({});

  EXPECT_EQ((*a.result)->version, (Version{1, 1}));
  EXPECT_EQ((*b.result)->version, (Version{1, 2}));
}

TEST_F(StoreCommit, WhoLostIsJudgedAgainOnceTheWinnerIsSeen) {
  Asked& a = put("a", Version{});
  turn();

  journal_.lose();
  turn();
  EXPECT_EQ(journal_.appended.size(), 1U) << "not before the winner's event";
  journal_.others({1, 1}, "b");
  turn();

  ASSERT_EQ(journal_.appended.size(), 2U);
  EXPECT_EQ(journal_.appended[1].version, (Version{1, 2}));
  journal_.answer({});
  EXPECT_EQ((*a.result)->version, (Version{1, 2}));
  EXPECT_EQ(store_->view().size(), 2U);
}

TEST_F(StoreCommit, TheWinnersEventMayComeBeforeTheRefusal) {
  Asked& a = put("a");
  turn();

  journal_.others({1, 1}, "b");
  turn();
  EXPECT_EQ(journal_.appended.size(), 1U) << "one append at a time";
  journal_.lose();
  turn();

  ASSERT_EQ(journal_.appended.size(), 2U);
  EXPECT_EQ(journal_.appended[1].version, (Version{1, 2}));
  journal_.answer({});
  EXPECT_TRUE(a.result->has_value());
}

TEST_F(StoreCommit, OnTheWinnersVersionItMayBeRefused) {
  Asked& a = put("a", Version{});
  turn();

  journal_.lose();
  journal_.others({1, 1}, "a", "9090");
  turn();

  ASSERT_TRUE(a.result.has_value());
  EXPECT_EQ(a.result->error().reason, Reason::kConflict);
  EXPECT_EQ(journal_.appended.size(), 1U);
}

TEST_F(StoreCommit, AWinnerThatIsNeverSeenIsNotWaitedForForEver) {
  Asked& a = put("a");
  Asked& b = put("b");
  turn();
  journal_.lose();

  clock_.advance(Store::kWaitForWinner - 1s);
  EXPECT_FALSE(a.result.has_value());
  clock_.advance(1s);

  ASSERT_TRUE(a.result.has_value() && b.result.has_value());
  EXPECT_EQ(a.result->error().reason, Reason::kUnavailable);
  EXPECT_EQ(b.result->error().reason, Reason::kUnavailable);
  Asked& c = put("c");
  clock_.advance(Store::kWaitForWinner);
  ASSERT_TRUE(c.result.has_value());
  EXPECT_EQ(c.result->error().reason, Reason::kUnavailable);

  journal_.others({1, 1}, "x");
  Asked& d = put("d");
  turn();
  journal_.answer({});
  EXPECT_TRUE(d.result.has_value() && d.result->has_value());
}

TEST_F(StoreCommit, SoManyWaitAtMost) {
  Asked& first = put("a");
  turn();
  for (size_t i = 1; i < Store::kMaxWaiting; ++i) put("b");
  Asked& last = put("c");
  EXPECT_FALSE(last.result.has_value()) << "inside commit()";

  turn();

  ASSERT_TRUE(last.result.has_value());
  EXPECT_EQ(last.result->error().reason, Reason::kOverload);
  EXPECT_FALSE(first.result.has_value());
}

TEST_F(StoreCommit, AdmissionIsAskedForEachTry) {
  std::vector<size_t> sizes;
  commit({{PutOperation{backend_set("a")}}}, [&sizes](const View& after) -> Result<void> {
    sizes.push_back(after.size());
    return {};
  });
  turn();

  journal_.lose();
  journal_.others({1, 1}, "b");
  turn();

  EXPECT_EQ(sizes, (std::vector<size_t>{1, 2}));
}

TEST_F(StoreCommit, AnExpectedVersionThatOthersPassedIsAConflict) {
  CommitRequest request{{PutOperation{backend_set("a")}}};
  request.expected = Version{1, 0};
  Asked& a = commit(std::move(request));
  turn();

  journal_.lose();
  journal_.others({1, 1}, "b");
  turn();

  ASSERT_TRUE(a.result.has_value());
  EXPECT_EQ(a.result->error().reason, Reason::kConflict);
  EXPECT_NE(a.result->error().detail.find("1.1"), std::string::npos) << a.result->error().detail;
}

TEST_F(StoreCommit, WhatNobodyWaitsForAnyMoreIsNotBegun) {
  put("a");
  Asked& b = put("b");
  turn();
  b.token = nullptr;

  journal_.answer({});
  turn();

  EXPECT_EQ(journal_.appended.size(), 1U);
  EXPECT_FALSE(b.result.has_value());
}

TEST_F(StoreCommit, WhatTheJournalHasUnderWayIsCommittedAllTheSame) {
  Asked& a = put("a");
  turn();
  a.token = nullptr;

  journal_.answer({});

  EXPECT_FALSE(a.result.has_value()) << "silent";
  EXPECT_EQ(store_->version(), (Version{1, 1}));
}

TEST_F(StoreCommit, AnErrorOfTheJournalIsAnswered) {
  Asked& a = put("a");
  turn();

  journal_.answer(make_error(Reason::kUnavailable, "no quorum"));

  ASSERT_TRUE(a.result.has_value());
  EXPECT_EQ(a.result->error().reason, Reason::kUnavailable);
  EXPECT_EQ(store_->version(), (Version{1, 0}));
}

TEST_F(StoreCommit, WhatOthersCommitIsAnnouncedWithItsNote) {
  std::vector<Version> told;
  StoreSubscription subscription = store_->on_commit([&told](Version version) { told.push_back(version); });

  journal_.others({1, 1}, "b");
  journal_.others({1, 1}, "b");  // again: it is known by its version
  journal_.others({1, 2}, "c");

  EXPECT_EQ(told, (std::vector<Version>{{1, 1}, {1, 2}}));
  EXPECT_EQ(store_->log().find({1, 2})->note.author, "bob");
  EXPECT_EQ(store_->log().find({1, 1})->changes.size(), 1U);
  EXPECT_EQ(store_->view().find(key("c"))->meta().version, (Version{1, 2}));
}

TEST_F(StoreCommit, AResetIsToldOnceAndTheNextCommitStandsOnIt) {
  std::vector<Version> told;
  StoreSubscription subscription = store_->on_commit([&told](Version version) { told.push_back(version); });
  Asked& a = put("a");
  turn();
  journal_.lose();

  journal_.reset({1, 40}, "z");
  turn();

  EXPECT_EQ(told, (std::vector<Version>{{1, 40}}));
  ASSERT_EQ(journal_.appended.size(), 2U);
  EXPECT_EQ(journal_.appended[1].version, (Version{1, 41}));
  journal_.answer({});
  EXPECT_EQ((*a.result)->version, (Version{1, 41}));
  EXPECT_EQ(store_->events_after({1, 5}, 10).state, LogState::kCompacted);
}

TEST_F(StoreCommit, OthersMayBeFasterOnlySoOften) {
  Asked& a = put("a");
  turn();

  for (uint64_t i = 1; i < Store::kMaxTries; ++i) {
    journal_.lose();
    journal_.others({1, i}, "b", std::to_string(i));
    turn();
    ASSERT_FALSE(a.result.has_value());
  }
  journal_.lose();

  ASSERT_TRUE(a.result.has_value());
  EXPECT_EQ(a.result->error().reason, Reason::kConflict);
}
}  // namespace
}  // namespace heddle
