// Ledger: the security records beside the resources: join tokens, admin tokens and which SVID serials may renew.
// Secrets are stored as SHA-256 only. Every call is durable and atomic when it returns. One loop.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "certs/digest.h"
#include "lib/base/clock.h"

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
};

// Entries of meta(), nanoseconds since 1970: when the backup was made, and when this store was made of it
// (control/backup).
inline constexpr std::string_view kBackedUpAt = "backed_up_at";
inline constexpr std::string_view kRestoredAt = "restored_at";

class Ledger {
 public:
  // How long a lineage outlives its last certificate, so that an operator sees who needs a new join token.
  static constexpr Duration kKeepExpired = 1h;
  virtual ~Ledger() = default;
  // kConflict when the hash or id exists.
  virtual Result<void> add_join_token(const Sha256Digest& hash, const JoinToken&) = 0;
  virtual Result<std::optional<JoinToken>> find_join_token(const Sha256Digest& hash) = 0;
  // Removes and answers it: at most one caller ever gets it.
  virtual Result<std::optional<JoinToken>> take_join_token(const Sha256Digest& hash) = 0;
  virtual Result<std::vector<JoinToken>> join_tokens() = 0;

  virtual Result<void> add_admin_token(const Sha256Digest& hash, const AdminTokenRow&) = 0;
  virtual Result<std::optional<AdminTokenRow>> find_admin_token(const Sha256Digest& hash) = 0;
  // False: no such id.
  virtual Result<bool> remove_admin_token(std::string_view id) = 0;
  virtual Result<std::vector<AdminTokenRow>> admin_tokens() = 0;

  // Inserts (id 0) or replaces.
  virtual Result<void> save_lineage(const Lineage&) = 0;
  // By its latest or previous serial.
  virtual Result<std::optional<Lineage>> find_lineage(std::string_view serial) = 0;
  virtual Result<std::vector<Lineage>> lineages() = 0;
  virtual Result<bool> knows_identity(std::string_view identity) = 0;
  // Inserts the lineage of a certificate that the ledger lost. False, and nothing is kept: that serial was adopted
  // before.
  virtual Result<bool> adopt_lineage(const Lineage&) = 0;
  // Forgets expired join tokens, and lineages whose certificate expired until `lineages`.
  virtual Result<void> expire(WallTime now, WallTime lineages) = 0;

  virtual Result<void> put_meta(std::string_view name, std::string_view value) = 0;
  virtual Result<std::optional<std::string>> meta(std::string_view name) = 0;
};
}  // namespace heddle
