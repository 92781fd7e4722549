// Ledger: the security records beside the resources: join tokens, admin tokens, which SVID serials may renew, and named
// documents (the rollout under way, the CA's). Secrets are stored as SHA-256 only. What is known is read at once; a
// change is one transaction that is durable when its `done` is called. Where several control planes share one ledger
// (etcd), what is read is what this one knows by now, a change fails with kConflict if another one was faster with a
// record that it touches, and sync() makes sure that nothing older is missing. Control loop.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "certs/digest.h"
#include "lib/base/clock.h"
#include "lib/base/operation.h"
#include "lib/base/unique_function.h"

namespace heddle {
struct JoinToken {
  std::string id;        // public name, for lists and the audit log
  std::string identity;  // SPIFFE id that its claimer gets
  WallTime created;
  WallTime expires;
};

// A token of the configuration API.
struct AdminTokenRow {
  std::string id;    // its name
  std::string role;  // "admin": everything, without grants; else empty
  WallTime created;
  std::string grants{};               // JSON of control/api/access.h
  std::optional<WallTime> expires{};  // absent: never
};

// The certificates of one attested sidecar, one after the other.
struct Lineage {
  int64_t id = 0;  // 0: not stored yet
  std::string identity;
  std::string latest;    // hex serial of the newest certificate
  std::string previous;  // the one before, until the newest was seen in use; else empty
  WallTime not_after;    // of the newest
  std::string node{};    // the sidecar's name, as it said when it last used the newest; else empty
  std::string pod{};     // uid of the Kubernetes pod that was attested; it alone renews. Else empty
};

// Entries of meta(), nanoseconds since 1970: when the backup was made, and when this store was made of it
// (control/backup).
inline constexpr std::string_view kBackedUpAt = "backed_up_at";
inline constexpr std::string_view kRestoredAt = "restored_at";

// What a change is made of.
struct AddJoinToken {  // kConflict when the hash or the id exists
  Sha256Digest hash;
  JoinToken token;
};
struct TakeJoinToken {  // kNotFound when it is gone: at most one caller ever takes it
  Sha256Digest hash;
};
struct AddAdminToken {  // kConflict when the hash or the id exists
  Sha256Digest hash;
  AdminTokenRow row;
};
struct RemoveAdminToken {  // kNotFound: no such id
  std::string id;
};
struct SaveLineage {  // inserts (id 0) or replaces
  Lineage lineage;
};
struct ExpireRecords {  // forgets expired join tokens, and lineages whose certificate expired until `lineages`
  WallTime now;
  WallTime lineages;
};
struct PutMeta {
  std::string name;
  std::string value;
  bool is_new = false;  // kConflict when it exists
};
using LedgerOperation =
    std::variant<AddJoinToken, TakeJoinToken, AddAdminToken, RemoveAdminToken, SaveLineage, ExpireRecords, PutMeta>;
using LedgerChange = std::vector<LedgerOperation>;

class LedgerObserver {
 public:
  virtual ~LedgerObserver() = default;
  // Another control plane wrote the document; read it by meta(). Never inside a call of the ledger.
  virtual void on_meta_changed(std::string_view name) = 0;
};

class Ledger {
 public:
  using Done = UniqueFunction<void(Result<void>)>;
  // How long a lineage outlives its last certificate, so that an operator sees who needs a new join token.
  static constexpr Duration kKeepExpired = 1h;
  virtual ~Ledger() = default;

  virtual Result<std::optional<JoinToken>> find_join_token(const Sha256Digest& hash) = 0;
  virtual Result<std::vector<JoinToken>> join_tokens() = 0;
  virtual Result<std::optional<AdminTokenRow>> find_admin_token(const Sha256Digest& hash) = 0;
  virtual Result<std::vector<AdminTokenRow>> admin_tokens() = 0;
  // By its latest or previous serial.
  virtual Result<std::optional<Lineage>> find_lineage(std::string_view serial) = 0;
  virtual Result<std::vector<Lineage>> lineages() = 0;
  virtual Result<bool> knows_identity(std::string_view identity) = 0;
  virtual Result<std::optional<std::string>> meta(std::string_view name) = 0;

  // All of it or nothing. kConflict also when a record that it touches, a document included, was changed by another
  // control plane since this one read it; kUnavailable: nobody confirmed it, whether it was kept is unknown; kIo.
  // `done` is called once, maybe before this returns (SQLite does so); destroying the token keeps it silent.
  [[nodiscard]] virtual Pending commit(LedgerChange, Done done) = 0;
  // What others had committed before this call is known when `done` runs with success. kUnavailable.
  [[nodiscard]] virtual Pending sync(Done done) = 0;
  // One, or none; not told of our own changes. A ledger of one process has nothing to tell.
  virtual void set_observer(LedgerObserver*) = 0;
};
}  // namespace heddle
