#include "control/store/store.h"

#include <map>

#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
ResourceKey key(std::string_view name) { return *ResourceKey::make(Kind::kBackendSet, "default", name); }

std::map<std::string, std::string> contents(const View& view) {
  std::map<std::string, std::string> out;
  view.for_each([&out](const StoredResource::Ptr& r) { out.emplace(r->key_text(), r->bytes()); });
  return out;
}

TEST(Store, StartsEmptyInEpochOne) {
  TestStore store;

  EXPECT_EQ(store->version(), (Version{1, 0}));
  EXPECT_EQ(store->view().size(), 0U);
}

TEST(Store, ATransactionIsOneVersion) {
  TestStore store;

  Result<Commit> commit = store.commit({PutOperation{backend_set("a")}, PutOperation{backend_set("b")}});

  ASSERT_TRUE(commit.has_value()) << commit.error().text();
  EXPECT_EQ(commit->version, (Version{1, 1}));
  EXPECT_EQ(commit->outcomes, (std::vector<StoreOutcome>{StoreOutcome::kCreated, StoreOutcome::kCreated}));
  EXPECT_EQ(store->view().size(), 2U);
  EXPECT_EQ(store->view().version(), (Version{1, 1}));
}

TEST(Store, WhatIsClosedTakesChangesOfTheSourceAlone) {
  TestStore store;
  store->close(make_error(Reason::kConflict, "the cluster says what is here"));

  Result<Commit> beside = store.commit({PutOperation{backend_set("a")}});
  ASSERT_FALSE(beside);
  EXPECT_EQ(beside.error().reason, Reason::kConflict);
  EXPECT_EQ(beside.error().detail, "the cluster says what is here");
  CommitRequest request;
  request.operations.push_back(PutOperation{backend_set("a")});
  request.is_of_source = true;
  EXPECT_TRUE(store.commit(std::move(request)));
  EXPECT_EQ(store->view().size(), 1U);
}

TEST(Store, ApplyingTheSameAgainMakesNoVersion) {
  TestStore store;
  store.put(backend_set("a"));
  StoredResource::Ptr before = store->view().find(key("a"));
  store.clock.advance(10s);

  Result<Commit> commit = store.commit({PutOperation{backend_set("a")}});

  EXPECT_EQ(commit->outcomes, std::vector<StoreOutcome>{StoreOutcome::kUnchanged});
  EXPECT_EQ(store->version(), (Version{1, 1}));
  EXPECT_EQ(store->view().find(key("a")), before);
}

TEST(Store, ApplyingWhatTheApiShowedMakesNoVersion) {
  TestStore store;
  store.put(backend_set("a"));
  std::string shown = store->view().find(key("a"))->api_document().compact();

  Result<Commit> commit = store.commit({PutOperation{envelope(shown)}});

  EXPECT_NE(shown.find("\"uid\""), std::string::npos);
  EXPECT_EQ(commit->outcomes, std::vector<StoreOutcome>{StoreOutcome::kUnchanged});
}

TEST(Store, ServedBytesHoldCreationTimeAndNoServerState) {
  TestStore store;
  store.put(backend_set("a"));

  EXPECT_EQ(
      store->view().find(key("a"))->bytes(),
      R"({"apiVersion":"heddle.dev/v1","kind":"BackendSet","metadata":{"creationTimestamp":"2027-01-15T08:16:40.000Z",)"
      R"("name":"a","namespace":"default"},"spec":{"endpoints":[{"address":"127.0.0.1","port":8080}],"tls":"plaintext"}})");
}

TEST(Store, TheLineOfAResourceIsAPut) {
  TestStore store;
  store.put(backend_set("a"));
  StoredResource::Ptr resource = store->view().find(key("a"));

  EXPECT_EQ(resource->line(), str_cat(R"({"put":"BackendSet/default/a","resource":)", resource->bytes(), "}\n"));
  EXPECT_EQ(resource->digest(), sha256(as_bytes(resource->bytes())));
}

TEST(Store, GenerationCountsChangesOfTheSpecOnly) {
  TestStore store;
  store.put(backend_set("a", "1"));
  store.put(backend_set("a", "2"));
  std::string labelled =
      store->view().find(key("a"))->document().with({"metadata", "labels", "x"}, JsonValue::string("y")).compact();
  store.put(envelope(labelled));

  ResourceMeta meta = store->view().find(key("a"))->meta();
  EXPECT_EQ(meta.generation, 2U);
  EXPECT_EQ(meta.version, (Version{1, 3}));
}

TEST(Store, ARecreatedResourceIsAnotherObject) {
  TestStore store;
  store.put(backend_set("a"));
  ResourceMeta first = store->view().find(key("a"))->meta();
  store.erase(key("a"));
  store.clock.advance(5s);
  store.put(backend_set("a"));

  ResourceMeta second = store->view().find(key("a"))->meta();
  EXPECT_NE(first.uid, second.uid);
  EXPECT_EQ(second.created - first.created, 5s);
  EXPECT_EQ(first.uid.size(), 36U);
  EXPECT_EQ(first.uid[14], '4');
}

TEST(Store, AStaleExpectationIsAConflictAndChangesNothing) {
  TestStore store;
  Version first = store.put(backend_set("a", "1"));
  store.put(backend_set("a", "2"));

  Result<Commit> commit = store.commit({PutOperation{backend_set("b")}, PutOperation{backend_set("a", "3"), first}});

  ASSERT_FALSE(commit.has_value());
  EXPECT_EQ(commit.error().reason, Reason::kConflict);
  EXPECT_NE(commit.error().detail.find("BackendSet/default/a is at 1.2"), std::string::npos) << commit.error().detail;
  EXPECT_EQ(store->version(), (Version{1, 2}));
  EXPECT_EQ(store->view().size(), 1U);
}

TEST(Store, CreatingWhatExistsIsAConflict) {
  TestStore store;
  EXPECT_TRUE(store.commit({PutOperation{backend_set("a"), Version{}}}).has_value());

  EXPECT_EQ(store.commit({PutOperation{backend_set("a", "2"), Version{}}}).error().reason, Reason::kConflict);
}

TEST(Store, AnExpectationOfWhatIsGoneIsAConflict) {
  TestStore store;

  EXPECT_EQ(store.commit({PutOperation{backend_set("a"), Version{1, 1}}}).error().reason, Reason::kConflict);
  EXPECT_EQ(store.commit({EraseOperation{key("a"), Version{1, 1}}}).error().reason, Reason::kConflict);
}

TEST(Store, ErasingNothingIsNotFound) {
  TestStore store;

  EXPECT_EQ(store.commit({EraseOperation{key("a")}}).error().reason, Reason::kNotFound);
}

TEST(Store, OneTransactionNamesAResourceOnce) {
  TestStore store;

  Result<Commit> commit = store.commit({PutOperation{backend_set("a")}, PutOperation{backend_set("a", "2")}});

  EXPECT_EQ(commit.error().reason, Reason::kBadRequest);
  EXPECT_EQ(store->version(), (Version{1, 0}));
}

TEST(Store, RefusedByAdmissionChangesNothing) {
  TestStore store;

  Result<Commit> commit = store.commit({PutOperation{backend_set("a")}}, [](const View& after) -> Result<void> {
    EXPECT_EQ(after.size(), 1U);
    return make_error(Reason::kConfigInvalid, "no");
  });

  EXPECT_EQ(commit.error().reason, Reason::kConfigInvalid);
  EXPECT_EQ(store->version(), (Version{1, 0}));
  EXPECT_EQ(store->view().size(), 0U);
}

TEST(Store, APreviewKeepsNothing) {
  TestStore store;

  Result<Commit> commit = store->preview({{PutOperation{backend_set("a")}}});

  EXPECT_EQ(commit->after.size(), 1U);
  EXPECT_EQ(store->view().size(), 0U);
  EXPECT_EQ(store->version(), (Version{1, 0}));
}

TEST(Store, TooMuchInAllIsRefused) {
  TestStore store(Store::Options{.log = {}, .max_bytes = 500});
  store.put(backend_set("a"));

  EXPECT_EQ(store.commit({PutOperation{backend_set("b")}, PutOperation{backend_set("c")}}).error().reason,
            Reason::kTooLarge);
  EXPECT_EQ(store->view().size(), 1U);
}

TEST(Store, AnnouncesEachVersionUntilUnsubscribed) {
  TestStore store;
  std::vector<Version> seen;
  auto subscription = std::make_unique<StoreSubscription>(
      store->on_commit([&seen, &store](Version v) { seen.push_back(v == store->version() ? v : Version{}); }));
  store.put(backend_set("a"));
  store.put(backend_set("a"));
  store.put(backend_set("a", "2"));

  subscription.reset();
  store.put(backend_set("a", "3"));

  EXPECT_EQ(seen, (std::vector<Version>{{1, 1}, {1, 2}}));
}

TEST(Store, EventsLeadFromAnyVersionToTheNewest) {
  TestStore store;
  store.put(backend_set("a"));
  store.put(backend_set("b"));
  store.erase(key("a"));

  EventRange range = store->events_after({1, 1}, 10);

  ASSERT_EQ(range.state, LogState::kComplete);
  ASSERT_EQ(range.events.size(), 2U);
  EXPECT_EQ(range.events[0]->version, (Version{1, 2}));
  EXPECT_EQ(range.events[1]->changes[0].now, nullptr);
  EXPECT_EQ(range.events[1]->changes[0].before->key(), key("a"));
  EXPECT_TRUE(store->events_after({1, 3}, 10).events.empty());
  EXPECT_EQ(store->events_after({1, 0}, 2).events.size(), 2U);
}

TEST(Store, WhatIsCompactedOrUnknownIsSaid) {
  TestStore store;
  for (int i = 1; i <= 5; ++i) store.put(backend_set("a", std::to_string(i)));

  store->compact({1, 3});

  EXPECT_EQ(store->events_after({1, 2}, 10).state, LogState::kCompacted);
  EXPECT_EQ(store->events_after({1, 3}, 10).state, LogState::kComplete);
  EXPECT_EQ(store->events_after({1, 6}, 10).state, LogState::kUnknown);
  EXPECT_EQ(store->events_after({2, 3}, 10).state, LogState::kUnknown);
  EXPECT_FALSE(store->view_at({1, 2}).has_value());
  EXPECT_TRUE(store->view_at({1, 3}).has_value());
}

TEST(Store, TheLogIsBoundedByCountAndByBytes) {
  TestStore by_count(Store::Options{.log = {.events = 2, .bytes = 1 << 20}});
  TestStore by_bytes(Store::Options{.log = {.events = 100, .bytes = 600}});
  for (int i = 1; i <= 5; ++i) {
    by_count.put(backend_set("a", std::to_string(i)));
    by_bytes.put(backend_set("a", std::to_string(i)));
  }

  EXPECT_EQ(by_count->events_after({1, 3}, 10).state, LogState::kComplete);
  EXPECT_EQ(by_count->events_after({1, 2}, 10).state, LogState::kCompacted);
  EXPECT_EQ(by_bytes->events_after({1, 4}, 10).state, LogState::kComplete);
  EXPECT_EQ(by_bytes->events_after({1, 1}, 10).state, LogState::kCompacted);
}

// Any interleaving of puts, erases, transactions and compactions: every reader that follows the events, or takes the
// view when it is told that it lags, ends with what the model says, and old views never change.
class StoreModel : public testing::TestWithParam<uint64_t> {};
TEST_P(StoreModel, ConvergesUnderAnyInterleaving) {
  SeededRandom random(GetParam());
  TestStore store(Store::Options{.log = {.events = 20, .bytes = 1 << 20}});
  std::map<std::string, std::string> model;
  std::map<std::string, std::string> reader;
  Version read_to{1, 0};
  std::map<uint64_t, std::map<std::string, std::string>> history{{0, {}}};
  auto step_reader = [&] {
    EventRange range = store->events_after(read_to, 1 + random.below(4));
    if (range.state == LogState::kCompacted) {
      reader = contents(store->view());
      read_to = store->version();
    }
    for (const Event* event : range.events) {
      ASSERT_EQ(event->version.sequence, read_to.sequence + 1);
      for (const Change& change : event->changes) {
        if (change.now == nullptr) reader.erase(change.key.text());
        if (change.now != nullptr) reader[change.key.text()] = change.now->bytes();
      }
      read_to = event->version;
      ASSERT_EQ(reader, history[read_to.sequence]);
    }
  };
  for (int i = 0; i < 200; ++i) {
    std::string name = "k" + std::to_string(random.below(8));
    switch (random.below(5)) {
      case 0:
        static_cast<void>(store.commit({EraseOperation{key(name)}}));
        break;
      case 1:
        step_reader();
        break;
      case 2:
        if (random.below(10) == 0) store->compact({1, random.below(store->version().sequence + 1)});
        break;
      default:
        static_cast<void>(store.commit({PutOperation{backend_set(name, std::to_string(1 + random.below(4)))},
                                        PutOperation{backend_set("other", std::to_string(1 + random.below(2)))}}));
    }
    history[store->version().sequence] = contents(store->view());
    for (const auto& [sequence, content] : history) {
      std::optional<View> old = store->view_at({1, sequence});
      ASSERT_TRUE(!old || contents(*old) == content);
    }
  }

  while (read_to != store->version()) step_reader();

  EXPECT_EQ(reader, contents(store->view()));
}
INSTANTIATE_TEST_SUITE_P(Seeds, StoreModel, testing::Range<uint64_t>(1, 6));
}  // namespace
}  // namespace heddle
