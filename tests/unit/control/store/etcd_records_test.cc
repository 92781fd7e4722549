#include "control/store/etcd_records.h"

#include "control/store/etcd_snapshot.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
StoredResource::Ptr stored(std::string_view name, Version version, std::string_view port = "8080") {
  Envelope resource = backend_set(name, port);
  std::string bytes = *served_bytes(resource, WallTime(8s));
  return StoredResource::make(resource.key, bytes, {"uid-1", 3, WallTime(8s), version});
}

TEST(EtcdRecords, TheHeadReadsBackAndOtherFormatsAreRefused) {
  EtcdHead head{{1, 43}, "abc-7"};

  EXPECT_EQ(*decode_etcd_head(encode(head)), head);
  Result<EtcdHead> newer = decode_etcd_head(R"({"format":2,"anything":"else"})");
  ASSERT_FALSE(newer.has_value());
  EXPECT_EQ(newer.error().reason, Reason::kUnsupported);
  for (std::string_view bad :
       {"", "x", "{}", R"({"format":1,"version":"1.2"})", R"({"format":1,"version":"x","writer":"w"})",
        R"({"format":1,"version":"1.2","writer":"w","more":1})"}) {
    ASSERT_FALSE(decode_etcd_head(bad).has_value()) << bad;
    EXPECT_EQ(decode_etcd_head(bad).error().reason, Reason::kIo) << bad;
  }
}

TEST(EtcdRecords, ChangesReadBackToTheByte) {
  std::vector<Change> changes = {{stored("a", {1, 5})->key(), nullptr, stored("a", {1, 5})},
                                 {stored("b", {1, 2})->key(), stored("b", {1, 2}), nullptr}};
  std::string body = encode_etcd_changes(changes);

  Result<std::vector<ForeignEvent::Put>> read = decode_etcd_body(body);

  ASSERT_TRUE(read.has_value()) << read.error().text();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].now->bytes(), changes[0].now->bytes());
  EXPECT_EQ((*read)[0].now->meta().version, (Version{1, 5}));
  EXPECT_EQ((*read)[0].now->meta().uid, "uid-1");
  EXPECT_EQ((*read)[0].now->meta().generation, 3U);
  EXPECT_EQ((*read)[0].now->meta().created, WallTime(8s));
  EXPECT_EQ((*read)[1].now, nullptr);
}

TEST(EtcdRecords, ABodyThatIsCutOffAnywhereIsDamaged) {
  std::string body = encode_etcd_changes({{stored("a", {1, 5})->key(), nullptr, stored("a", {1, 5})}});

  for (size_t size = 1; size < body.size(); ++size) {
    Result<std::vector<ForeignEvent::Put>> read = decode_etcd_body(std::string_view(body).substr(0, size));
    ASSERT_FALSE(read.has_value()) << size;
    EXPECT_EQ(read.error().reason, Reason::kIo);
  }
}

TEST(EtcdRecords, AShortBodyTravelsInTheRecord) {
  EtcdRecord record{{1, 5}, "w-1", {"ada", "why\n\"so\"", WallTime(7s)}, 4, "body"};

  Result<EtcdRecord> read = decode_etcd_record(encode(record));

  ASSERT_TRUE(read.has_value()) << read.error().text();
  EXPECT_EQ(read->body, "body");
  EXPECT_EQ(read->note, record.note);
  EXPECT_FALSE(read->has_parts());
  EXPECT_FALSE(decode_etcd_record(encode(record) + "x").has_value());
  EXPECT_FALSE(decode_etcd_record(encode(record).substr(0, encode(record).size() - 1)).has_value());
}

TEST(EtcdRecords, ALongBodyLiesInPartsThatEtcdTakes) {
  std::string body(2 * kEtcdPartBytes + 1, 'x');
  EtcdRecord record{{1, 5}, "w-1", {}, body.size()};

  EXPECT_EQ(record.part_count(), 3U);
  EXPECT_EQ(record.part(body, 0).size(), kEtcdPartBytes);
  EXPECT_EQ(record.part(body, 2).size(), 1U);
  EXPECT_EQ(decode_etcd_record(encode(record))->bytes, body.size());
  EXPECT_LT(encode(record).size(), 200U);
}

TEST(EtcdRecords, KeysSortAsVersionsDo) {
  EtcdKeys keys("/heddle/m/");

  EXPECT_EQ(keys.head(), "/heddle/m/head");
  EXPECT_EQ(keys.log(9), "/heddle/m/log/00000000000000000009");
  EXPECT_LT(keys.log(9), keys.log(10));
  EXPECT_LT(keys.snap(UINT64_MAX - 1), keys.snap(UINT64_MAX));
  EtcdRecord record{{1, 9}, "w-1", {}};
  EXPECT_EQ(keys.part(record, false, 3), "/heddle/m/part/00000000000000000009/w-1/l/000003");
  EXPECT_LT(keys.part(record, true, 3), keys.parts(10));
}

TEST(EtcdRecords, StateIsTheSnapshotWithItsTransactionsOnTop) {
  View base = View().with(stored("a", {1, 1})).with(stored("b", {1, 2})).at({1, 2});
  Result<std::vector<ForeignEvent::Put>> snapshot = decode_etcd_body(encode_etcd_snapshot(base));
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->size(), 2U);
  std::vector<EtcdEntry> entries;
  entries.push_back({{{1, 3}, "w-1", {"ada", "three", {}}}, {{stored("a", {})->key(), stored("a", {1, 3}, "1")}}});
  entries.push_back({{{1, 4}, "w-2", {"bob", "four", {}}}, {{stored("b", {})->key(), nullptr}}});

  JournalState state = rebuild_etcd_state(base, entries, 1000);

  EXPECT_EQ(state.version, (Version{1, 4}));
  ASSERT_EQ(state.resources.size(), 1U);
  ASSERT_EQ(state.history.size(), 2U);
  EXPECT_EQ(state.history[0].note.message, "four");
  EXPECT_EQ(state.history[0].undos[0].before->meta().version, (Version{1, 2}));
  EXPECT_EQ(state.history[1].undos[0].before->meta().version, (Version{1, 1}));
  EXPECT_EQ(rebuild_etcd_state(base, entries, 1).history.size(), 1U);
}

TEST(EtcdRecords, TrimmingKeepsTheHistoryAndASnapshotBelowIt) {
  EXPECT_EQ(etcd_trim_base({}, 5000, 1000), 0U);
  EXPECT_EQ(etcd_trim_base({256, 512}, 900, 1000), 0U);
  EXPECT_EQ(etcd_trim_base({256, 512, 768, 1024, 1280}, 1280, 1000), 256U);
  EXPECT_EQ(etcd_trim_base({256, 512, 768, 1024, 1512}, 1512, 1000), 512U);
}
}  // namespace
}  // namespace heddle
