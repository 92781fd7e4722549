// StoreBackend: where the mesh is kept, as a whole: the store's journal, the ledger, who leads where only one control
// plane may act, and how old what is shown may be. SqliteBackend is a file of this process alone, EtcdBackend
// (etcd_backend.h) an etcd that any number of control planes share, KubeBackend (kube_backend.h) a cluster. Outlives
// whatever uses it. Control loop.
#pragma once
#include <memory>
#include <optional>

#include "control/store/journal.h"
#include "control/store/journal_health.h"
#include "control/store/leadership.h"
#include "control/store/ledger.h"
#include "control/store/read_index.h"
#include "control/store/sqlite.h"

namespace heddle {
class EtcdClient;
class KubeBackend;

// What one control plane of all does by itself.
enum class SoleTask : uint8_t { kCa, kRollout };
inline constexpr SoleTask kSoleTasks[] = {SoleTask::kCa, SoleTask::kRollout};
std::string_view to_text(SoleTask) noexcept;  // "ca", "rollout"

class StoreBackend {
 public:
  virtual ~StoreBackend() = default;
  virtual Journal& journal() = 0;
  virtual Ledger& ledger() = 0;
  virtual Leadership& leadership(SoleTask) = 0;
  // Name of the control plane that leads, as last seen; empty: none is known to.
  virtual std::string leader(SoleTask) const = 0;
  // The worse of journal and ledger; nothing: what is shown is always the newest.
  virtual std::optional<JournalHealth> health() const = 0;
  // What a reader waits for; null: this process alone writes, what it shows is the newest.
  virtual ReadIndex* reads() = 0;
  virtual EtcdClient* etcd() = 0;                  // null: the store is not shared by etcd
  virtual KubeBackend* kube() { return nullptr; }  // null: not by a cluster
  // Gives up all leadership for good, so that another control plane leads at once. `done` runs once, maybe inside,
  // whether anybody heard of it or not.
  [[nodiscard]] virtual Pending resign(Task done) = 0;
};

class SqliteBackend final : public StoreBackend {
 public:
  // The file is held exclusively, and brought to the newest schema. `self`: our name.
  static Result<std::unique_ptr<StoreBackend>> open(const std::string& path, std::string self);
  Journal& journal() override { return *journal_; }
  Ledger& ledger() override { return *ledger_; }
  Leadership& leadership(SoleTask) override { return leader_; }
  std::string leader(SoleTask) const override { return self_; }
  std::optional<JournalHealth> health() const override { return std::nullopt; }
  ReadIndex* reads() override { return nullptr; }
  EtcdClient* etcd() override { return nullptr; }
  [[nodiscard]] Pending resign(Task done) override;

  class Access {
    friend class SqliteBackend;
    Access() = default;
  };
  SqliteBackend(Access, SqliteDatabase database, std::string self)
      : database_(std::move(database)), self_(std::move(self)) {}

 private:
  SqliteDatabase database_;
  std::string self_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Ledger> ledger_;
  SoleLeader leader_;
};

// Of two: not current if one is not, and then since the earlier moment.
JournalHealth worse_of(const JournalHealth&, const JournalHealth&);
// One line for /readyz: "store: not current since 2026-01-31T12:34:56Z: why"; empty: it is current.
std::string readiness_text(const std::optional<JournalHealth>&);
}  // namespace heddle
