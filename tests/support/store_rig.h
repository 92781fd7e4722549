// StoreRig: stores over every journal there is, each control plane of which is a Node: opened on what earlier ones
// left, closed by destroying it. Waits by running the rig's loop, so a test reads top to bottom. Nodes die before the
// rig.
#pragma once
#include <gtest/gtest.h>

#include <memory>

#include "control/store/etcd_journal.h"
#include "control/store/sqlite_journal.h"
#include "control/store/sqlite_schema.h"
#include "control/store/store.h"
#include "tests/support/captured_log.h"
#include "tests/support/etcd_cluster.h"
#include "tests/support/fake_control.h"
#include "tests/support/run_turns.h"

namespace heddle {
class StoreRig {
 public:
  class Node {
   public:
    virtual ~Node() = default;
    Store& operator*() { return *store; }
    Store* operator->() { return store.get(); }
    std::unique_ptr<Store> store;
  };
  struct EtcdNode final : Node {
    ~EtcdNode() override { store = nullptr; }  // before what it stands on
    std::unique_ptr<EtcdClient> client;
    std::unique_ptr<EtcdJournal> journal;
  };
  struct SqliteNode final : Node {
    explicit SqliteNode(SqliteDatabase db) : database(std::move(db)) {}
    ~SqliteNode() override { store = nullptr; }
    SqliteDatabase database;
    std::unique_ptr<SqliteJournal> journal;
  };

  ~StoreRig() { end_connections(loop, connections); }
  // A call that a busy machine stalls is not given up.
  static EtcdOptions options(std::vector<EtcdEndpoint> endpoints) {
    EtcdOptions out;
    out.endpoints = std::move(endpoints);
    out.whole = 30s;
    return out;
  }
  std::unique_ptr<EtcdClient> client(EtcdOptions options) {
    return std::make_unique<EtcdClient>(SessionContext{loop, connections}, protocols, tcp, std::move(options));
  }
  std::unique_ptr<EtcdNode> open_etcd(EtcdOptions etcd, EtcdJournal::Options options);
  std::unique_ptr<Node> open_sqlite(const std::string& file);

  // Runs until the answer comes; kTimeout after a minute.
  template <class T, class Ask>
  Result<T> wait_for(Ask&& ask) {
    std::optional<Result<T>> out;
    Pending token = ask([&out](Result<T> result) { out.emplace(std::move(result)); });
    if (!runs_until(loop, [&out] { return out.has_value(); })) return make_error(Reason::kTimeout, "no answer");
    return *std::move(out);
  }
  Result<Commit> commit(Node& node, CommitRequest request) {
    return wait_for<Commit>(
        [&](CommitDone done) { return node->commit(std::move(request), nullptr, std::move(done)); });
  }
  bool sees(Node& node, Version version) {
    return runs_until(loop, [&] { return node->version() >= version; });
  }

  Loop loop;
  ConnectionRegistry connections;
  Protocols protocols{loop, HttpLimits{}};
  TcpConnector tcp{loop};
  SystemRandom random;
  CapturedLog log;
  TempDir folder;
};

inline std::unique_ptr<StoreRig::EtcdNode> StoreRig::open_etcd(EtcdOptions etcd, EtcdJournal::Options options) {
  auto node = std::make_unique<EtcdNode>();
  node->client = client(std::move(etcd));
  node->journal = std::make_unique<EtcdJournal>(*node->client, random, log.log().module("store"), std::move(options));
  // A cluster that was just started has no leader yet.
  Result<void> loaded = make_error(Reason::kUnavailable, "not asked");
  for (int i = 0; i < 5 && !loaded; ++i) {
    loaded = wait_for<void>([&](EtcdJournal::LoadDone done) { return node->journal->load(std::move(done)); });
  }
  EXPECT_TRUE(loaded.has_value()) << loaded.error().text();
  if (loaded) node->store = *Store::open(*node->journal, loop, random, {});
  return node;
}

inline std::unique_ptr<StoreRig::Node> StoreRig::open_sqlite(const std::string& file) {
  auto node = std::make_unique<SqliteNode>(*SqliteDatabase::open(file));
  EXPECT_TRUE(migrate_sqlite(node->database).has_value());
  node->journal = *SqliteJournal::create(node->database, {});
  node->store = *Store::open(*node->journal, loop, random, {});
  return node;
}
}  // namespace heddle
