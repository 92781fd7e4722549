// What the control plane's unit tests share: a clock to turn by hand, resources in one line, a store in memory.
#pragma once
#include <gtest/gtest.h>

#include "control/store/sqlite_journal.h"
#include "control/store/sqlite_schema.h"
#include "control/store/store.h"
#include "lib/base/strings.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/seeded_random.h"

namespace heddle {
class TestClock final : public Clock {
 public:
  MonoTime now() const override { return MonoTime(since_); }
  WallTime wall() const override { return WallTime(1'800'000'000s + since_); }
  void advance(Duration d) { since_ += d; }

 private:
  Duration since_ = 1000s;
};

// An envelope from JSON text; fails the test when it is none.
inline Envelope envelope(std::string_view json) {
  Result<JsonValue> document = JsonValue::parse(json);
  EXPECT_TRUE(document.has_value());
  Problems problems;
  std::optional<Envelope> read = read_envelope(*document, {}, problems);
  EXPECT_TRUE(read.has_value()) << problems.text();
  return read.value_or(Envelope{});
}

inline Envelope heddle_resource(std::string_view kind, std::string_view ns, std::string_view name,
                                std::string_view spec) {
  return envelope(str_cat(R"({"apiVersion":"heddle.dev/v1","kind":")", kind, R"(","metadata":{"name":")", name,
                          R"(","namespace":")", ns, R"("},"spec":)", spec, "}"));
}

inline Envelope backend_set(std::string_view name, std::string_view port = "8080", std::string_view ns = "default") {
  return heddle_resource("BackendSet", ns, name,
                         str_cat(R"({"endpoints":[{"address":"127.0.0.1","port":)", port, R"(}],"tls":"plaintext"})"));
}

inline Envelope service(std::string_view name, std::string_view more = "", std::string_view ns = "default") {
  return heddle_resource("Service", ns, name, str_cat(R"({"ports":[{"port":80,"protocol":"http"}])", more, "}"));
}

// Commits, and goes on with the scheduler's time until it is done.
inline Result<Commit> commit_now(Store& store, ManualScheduler& scheduler, CommitRequest request,
                                 Admission admission = nullptr) {
  std::optional<Result<Commit>> out;
  Pending token =
      store.commit(std::move(request), std::move(admission), [&out](Result<Commit> r) { out = std::move(r); });
  scheduler.advance(Duration(0));
  EXPECT_TRUE(out.has_value()) << "the store did not answer";
  if (!out) return make_error(Reason::kTimeout, "the store did not answer");
  return *std::move(out);
}

// A store of a fresh SQLite database in memory.
struct TestStore {
  explicit TestStore(Store::Options options = {}) : database(*SqliteDatabase::open(":memory:")) {
    EXPECT_TRUE(migrate_sqlite(database).has_value());
    clock.set_wall(WallTime(1'800'001'000s));
    journal = *SqliteJournal::create(database, {});
    store = *Store::open(*journal, clock, random, options);
  }
  Store* operator->() { return store.get(); }
  Result<Commit> commit(CommitRequest request, Admission admission = nullptr) {
    return commit_now(*store, clock, std::move(request), std::move(admission));
  }
  Result<Commit> commit(Transaction operations, Admission admission = nullptr) {
    return commit(CommitRequest{std::move(operations)}, std::move(admission));
  }
  Version put(Envelope resource) { return commit({PutOperation{std::move(resource)}})->version; }
  Version erase(const ResourceKey& key) { return commit({EraseOperation{key}})->version; }

  ManualScheduler clock;
  SeededRandom random{3};
  SqliteDatabase database;
  std::unique_ptr<SqliteJournal> journal;
  std::unique_ptr<Store> store;
};
}  // namespace heddle
