#include "control/api/view_changes.h"

#include "control/api/history_view.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
ResourceKey key(std::string_view name) { return *ResourceKey::make(Kind::kBackendSet, "default", name); }

// "Kind/ns/name=bytes" of everything, but for what only the server sees.
std::vector<std::string> content(const View& view) {
  std::vector<std::string> out;
  view.for_each([&](const StoredResource::Ptr& one) { out.push_back(str_cat(one->key_text(), "=", one->bytes())); });
  return out;
}

class ViewChangesTest : public testing::Test {
 protected:
  void restore(Version version) {
    Result<Transaction> back = restore_operations(store_->view(), *store_->view_at(version));
    ASSERT_TRUE(back.has_value());
    ASSERT_TRUE(store_.commit(*std::move(back)).has_value());
  }
  TestStore store_;
};

TEST_F(ViewChangesTest, NamesWhatIsCreatedChangedAndErased) {
  store_.put(backend_set("changed"));
  store_.put(backend_set("erased"));
  Version from = store_.put(backend_set("kept"));
  store_.put(backend_set("changed", "9"));
  store_.erase(key("erased"));
  store_.put(backend_set("made"));

  std::vector<Change> changes = changes_between(*store_->view_at(from), store_->view());

  ASSERT_EQ(changes.size(), 3U);
  EXPECT_EQ(changes[0].key, key("changed"));
  EXPECT_EQ(result_of(changes[0]), "configured");
  EXPECT_EQ(changes[1].key, key("erased"));
  EXPECT_EQ(result_of(changes[1]), "deleted");
  EXPECT_EQ(changes[2].key, key("made"));
  EXPECT_EQ(result_of(changes[2]), "created");
}

TEST_F(ViewChangesTest, TheWayBackRestoresEveryByteAsANewVersion) {
  store_.put(backend_set("changed"));
  store_.clock.advance(1h);
  store_.put(backend_set("erased"));
  Version then = store_.put(backend_set("again"));
  std::vector<std::string> wanted = content(store_->view());
  store_.clock.advance(1h);
  store_.put(backend_set("changed", "9"));
  store_.erase(key("erased"));
  store_.erase(key("again"));
  store_.put(backend_set("again"));  // made anew: another creationTimestamp
  Version late = store_.put(backend_set("made"));

  restore(then);

  EXPECT_EQ(content(store_->view()), wanted);
  EXPECT_GT(store_->version(), late);
  EXPECT_TRUE(changes_between(*store_->view_at(then), store_->view()).empty());
}

TEST_F(ViewChangesTest, TheWayToWhereOneIsHasNoSteps) {
  Version now = store_.put(backend_set("a"));

  EXPECT_TRUE(restore_operations(store_->view(), *store_->view_at(now))->empty());
}

TEST_F(ViewChangesTest, AVersionThatIsNotKeptIsToldWithTheOldestThatIs) {
  for (int i = 0; i < 5; ++i) store_.put(backend_set("a", std::to_string(1 + i)));
  store_->compact({1, 3});

  Error past = no_such_version(store_->log(), {1, 2});
  Error future = no_such_version(store_->log(), {1, 9});

  EXPECT_EQ(past.reason, Reason::kNotFound);
  EXPECT_EQ(past.detail, "version 1.2 is no longer kept: the oldest that is kept is 1.3, the newest 1.5");
  EXPECT_EQ(future.detail, "there is no version 1.9: the oldest that is kept is 1.3, the newest 1.5");
}

TEST_F(ViewChangesTest, TheHistorySaysWhoWhenAndWhyNewestFirst) {
  ASSERT_TRUE(store_.commit(CommitRequest{{PutOperation{backend_set("a")}}, "ada", "first"}).has_value());
  ASSERT_TRUE(store_.commit(CommitRequest{{PutOperation{backend_set("b")}}, "bob", "second"}).has_value());

  std::string all = history_json(store_->log(), {});
  std::string of_a = history_json(store_->log(), {20, key("a")});
  std::string one = history_json(store_->log(), {1, {}});

  EXPECT_LT(all.find("second"), all.find("first"));
  EXPECT_NE(all.find(R"("author":"ada","message":"first","changes":1})"), std::string::npos) << all;
  EXPECT_NE(of_a.find(R"("changes":1,"result":"created"})"), std::string::npos) << of_a;
  EXPECT_EQ(of_a.find("second"), std::string::npos);
  EXPECT_EQ(one.find("first"), std::string::npos);
}

TEST_F(ViewChangesTest, AVersionIsShownWithWhatWasBeforeAndIsNow) {
  store_.put(backend_set("a", "8080"));
  store_.put(backend_set("a", "9090"));

  std::string shown = event_json(*store_->log().find({1, 2}), {});

  EXPECT_NE(shown.find(R"("key":"BackendSet/default/a","result":"configured","before":{)"), std::string::npos) << shown;
  EXPECT_LT(shown.find("8080"), shown.find("9090"));
  EXPECT_NE(event_json(*store_->log().find({1, 2}), key("b")).find(R"("changes":[]})"), std::string::npos);
  EXPECT_NE(view_json(*store_->view_at({1, 1}), {}).find("8080"), std::string::npos);
  EXPECT_NE(between_json(*store_->view_at({1, 1}), *store_->view_at({1, 2})).find(R"({"from":"1.1","to":"1.2",)"),
            std::string::npos);
}
}  // namespace
}  // namespace heddle
