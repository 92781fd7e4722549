// LedgerRig: ledgers over SQLite, etcd and a Kubernetes API server on one loop, each of which a Node stands for as one
// control plane. Waits by running the loop. Nodes die before the rig.
#pragma once
#include "control/kube/kube_ledger.h"
#include "control/store/etcd_ledger.h"
#include "control/store/sqlite_ledger.h"
#include "tests/support/kube_double.h"
#include "tests/support/store_rig.h"

namespace heddle {
class LedgerRig : public StoreRig {
 public:
  class Node {
   public:
    virtual ~Node() = default;
    Ledger* operator->() { return &get(); }
    virtual Ledger& get() = 0;
  };
  class SqliteNode final : public Node {
   public:
    explicit SqliteNode(SqliteDatabase db) : database(std::move(db)), ledger(database) {}
    Ledger& get() override { return ledger; }
    SqliteDatabase database;
    SqliteLedger ledger;
  };
  class EtcdNode final : public Node {
   public:
    Ledger& get() override { return *ledger; }
    EtcdLedger* operator->() { return ledger.get(); }
    std::unique_ptr<EtcdClient> client;
    std::unique_ptr<EtcdLedger> ledger;
  };

  class KubeNode final : public Node {
   public:
    Ledger& get() override { return *ledger; }
    KubeLedger* operator->() { return ledger.get(); }
    std::unique_ptr<KubeClient> client;
    std::unique_ptr<KubeLedger> ledger;
  };

  std::unique_ptr<Node> open_sqlite_ledger(const std::string& file) {
    auto node = std::make_unique<SqliteNode>(*SqliteDatabase::open(file));
    EXPECT_TRUE(migrate_sqlite(node->database).has_value());
    return node;
  }
  std::unique_ptr<EtcdNode> open_etcd_ledger(EtcdOptions etcd, EtcdMirror::Options mirror) {
    auto node = std::make_unique<EtcdNode>();
    node->client = client(std::move(etcd));
    node->ledger = std::make_unique<EtcdLedger>(*node->client, random, log.log().module("ledger"), std::move(mirror));
    // A cluster that was just started has no leader yet.
    Result<void> loaded = make_error(Reason::kUnavailable, "not asked");
    for (int i = 0; i < 5 && !loaded; ++i) {
      loaded = wait_for<void>([&](Ledger::Done done) { return node->ledger->load(std::move(done)); });
    }
    EXPECT_TRUE(loaded.has_value()) << loaded.error().text();
    return node;
  }
  std::unique_ptr<KubeNode> open_kube_ledger(KubeConfig config, KubeLedger::Options options) {
    auto node = std::make_unique<KubeNode>();
    node->client =
        std::make_unique<KubeClient>(SessionContext{loop, connections}, protocols, tcp, random, std::move(config));
    node->ledger = std::make_unique<KubeLedger>(*node->client, random, log.log().module("ledger"), std::move(options));
    Result<void> loaded = wait_for<void>([&](Ledger::Done done) { return node->ledger->load(std::move(done)); });
    EXPECT_TRUE(loaded.has_value()) << loaded.error().text();
    return node;
  }
  Result<void> commit(Ledger& ledger, LedgerChange change) {
    return wait_for<void>([&](Ledger::Done done) { return ledger.commit(std::move(change), std::move(done)); });
  }
  Result<void> sync(Ledger& ledger) {
    return wait_for<void>([&](Ledger::Done done) { return ledger.sync(std::move(done)); });
  }
};

// Writes down what it is told.
class LedgerWitness final : public LedgerObserver {
 public:
  explicit LedgerWitness(Ledger& ledger) : ledger_(ledger) { ledger_.set_observer(this); }
  ~LedgerWitness() override { ledger_.set_observer(nullptr); }
  void on_meta_changed(std::string_view name) override {
    told.emplace_back(name, ledger_.meta(name)->value_or("(none)"));
  }
  std::vector<std::pair<std::string, std::string>> told;  // the document, and what it held then

 private:
  Ledger& ledger_;
};

inline Sha256Digest secret_hash(std::string_view text) { return sha256(as_bytes(text)); }
inline constexpr WallTime kLedgerNow{1'800'000'000s};
inline JoinToken a_join_token(std::string id, WallTime expires = kLedgerNow + 1h) {
  return {std::move(id), "spiffe://cluster.local/ns/a/sa/b", kLedgerNow, expires};
}
inline Lineage a_lineage(int64_t id, std::string latest, std::string previous = "",
                         WallTime not_after = kLedgerNow + 1h) {
  return {id, "spiffe://cluster.local/ns/a/sa/b", std::move(latest), std::move(previous), not_after, "node"};
}
}  // namespace heddle
