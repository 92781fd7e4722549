// An etcd whose space is used up (--quota-backend-bytes; a disk that is full ends a member instead, as a kill does).
// One real member on loopback with a small quota.
#include <gtest/gtest.h>

#include "lib/base/bytes.h"
#include "lib/base/strings.h"
#include "tests/support/ledger_rig.h"
#include "tests/support/tcp_relay.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
constexpr std::string_view kPrefix = "/heddle/full/";
constexpr std::string_view kFill = "/other/";

CommitRequest put(std::string_view name) { return {{PutOperation{backend_set(name)}}, "ada", "", {}}; }

class EtcdFull : public testing::Test {
 protected:
  EtcdJournal::Options journal_options() const {
    EtcdJournal::Options options;
    options.prefix = std::string(kPrefix);
    options.look = 60s;
    return options;
  }
  EtcdOptions etcd() const { return StoreRig::options(cluster_.endpoints()); }
  // Until etcd takes no more; what it said then.
  Error fill() {
    for (int i = 0; i < 1000; ++i) {
      EtcdPut put{str_cat(kFill, std::to_string(i)), std::string(100'000, 'x')};
      Result<EtcdHeader> kept = rig_.wait_for<EtcdHeader>(
          [&](EtcdClient::Done<EtcdHeader> done) { return admin_->put(put, std::move(done)); });
      if (!kept) return kept.error();
    }
    return make_error(Reason::kInternal, "it takes everything");
  }
  JsonValue call(std::string_view path, std::string body) {
    Result<JsonValue> done = rig_.wait_for<JsonValue>(
        [&](EtcdClient::Done<JsonValue> answered) { return admin_->call(path, std::move(body), std::move(answered)); });
    EXPECT_TRUE(done.has_value()) << path << ": " << done.error().text();
    return std::move(done).value_or(JsonValue());
  }
  // What etcd's documentation tells an operator to do.
  void make_room() {
    std::string range = str_cat(R"({"key":")", to_base64(as_bytes(kFill)), R"(","range_end":")",
                                to_base64(as_bytes(etcd_prefix_end(kFill))), "\"}");
    call("/v3/kv/deleterange", range);
    Result<EtcdRangeAnswer> now = rig_.wait_for<EtcdRangeAnswer>(
        [&](EtcdClient::Done<EtcdRangeAnswer> done) { return admin_->range({std::string(kFill)}, std::move(done)); });
    ASSERT_TRUE(now.has_value());
    ASSERT_TRUE(rig_.wait_for<EtcdHeader>([&](EtcdClient::Done<EtcdHeader> done) {
                      return admin_->compact(now->header.revision, std::move(done));
                    })
                    .has_value());
    call("/v3/maintenance/defragment", "{}");
    JsonValue alarms = call("/v3/maintenance/alarm", R"({"action":"GET"})").find("alarms").value_or(JsonValue());
    ASSERT_EQ(alarms.size(), 1U);
    std::string member(alarms.at(0).find("memberID").value_or(JsonValue()).as_string().value_or(""));
    call("/v3/maintenance/alarm", str_cat(R"({"action":"DEACTIVATE","alarm":"NOSPACE","memberID":")", member, "\"}"));
  }

  LedgerRig rig_;
  EtcdCluster cluster_{1, nullptr, {"--quota-backend-bytes", "2000000"}};
  std::unique_ptr<EtcdClient> admin_ = rig_.client(etcd());
};

TEST_F(EtcdFull, ChangesAreRefusedAndSayWhyReadsGoOnAndWithRoomAgainChangesDo) {
  auto store = rig_.StoreRig::open_etcd(etcd(), journal_options());
  ASSERT_NE(store->store, nullptr) << cluster_.log(0);
  auto ledger = rig_.open_etcd_ledger(etcd(), {std::string(kPrefix)});
  ASSERT_TRUE(rig_.StoreRig::commit(*store, put("before")).has_value());
  ASSERT_EQ(fill().reason, Reason::kIo) << cluster_.log(0);

  Result<Commit> refused = rig_.StoreRig::commit(*store, put("never"));
  Result<void> unkept = rig_.commit(*ledger->ledger, {PutMeta{"word", "never"}});

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kIo);
  EXPECT_NE(refused.error().detail.find("etcd is full"), std::string::npos) << refused.error().detail;
  ASSERT_FALSE(unkept.has_value());
  EXPECT_EQ(unkept.error().reason, Reason::kIo) << unkept.error().text();
  EXPECT_EQ(store->store->version(), (Version{1, 1}));
  EXPECT_TRUE(store->journal->health().is_current) << store->journal->health().problem;
  // Who starts now reads what there is.
  auto late = rig_.StoreRig::open_etcd(etcd(), journal_options());
  ASSERT_NE(late->store, nullptr);
  EXPECT_EQ(late->store->version(), (Version{1, 1}));

  ASSERT_NO_FATAL_FAILURE(make_room());

  Result<Commit> made = rig_.StoreRig::commit(*store, put("after"));
  ASSERT_TRUE(made.has_value()) << made.error().text();
  EXPECT_EQ(made->version, (Version{1, 2}));
  ASSERT_TRUE(rig_.sees(*late, made->version));
  EXPECT_EQ(late->store->view().size(), 2U) << "what was refused is not there";
  EXPECT_TRUE(rig_.commit(*ledger->ledger, {PutMeta{"word", "kept"}}).has_value());
  EXPECT_EQ(ledger->ledger->meta("word")->value_or(""), "kept");
}

TEST_F(EtcdFull, ARefusalAfterAnAnswerThatWasLostIsNoCertainOne) {
  TcpRelay relay(Address::loopback(cluster_.endpoints()[0].port));
  auto store =
      rig_.StoreRig::open_etcd(StoreRig::options({{false, "127.0.0.1", relay.address().port()}}), journal_options());
  ASSERT_NE(store->store, nullptr) << cluster_.log(0);
  ASSERT_TRUE(rig_.StoreRig::commit(*store, put("before")).has_value());
  ASSERT_EQ(fill().reason, Reason::kIo) << cluster_.log(0);
  relay.lose_answer_to("/v3/kv/txn");

  Result<Commit> unknown = rig_.StoreRig::commit(*store, put("never"));

  EXPECT_EQ(relay.lost(), 1);
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().reason, Reason::kUnavailable);
  EXPECT_NE(unknown.error().detail.find("may yet have been kept"), std::string::npos) << unknown.error().detail;
  EXPECT_NE(unknown.error().detail.find("etcd is full"), std::string::npos) << unknown.error().detail;
}
}  // namespace
}  // namespace heddle
