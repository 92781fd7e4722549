// Backup: what a control plane needs to go on elsewhere when its machine is lost: the store with its tokens and with
// who may renew, the CA with its keys, the command line's context. One document under a passphrase
// (certs/sealed_document.h); inside is an SQLite database, the store's own with a table `backup_file` beside.
// Restored, it begins the next epoch (sidecars compare by content, so nobody gets a resync for it), and its history
// begins anew. Not in it: the audit log, and bundles of other trust domains, which are fetched again. Blocking.
#pragma once
#include "certs/secret.h"
#include "control/store/sqlite.h"
#include "lib/api/resource.h"
#include "lib/base/clock.h"

namespace heddle {
inline constexpr size_t kMaxBackup = 1 << 30;

// Whether there is something to back up: kNotFound names what is not there. The database must not be opened before:
// that makes one.
Result<void> check_data_directory(const std::string& data);

// The document before it is sealed. `data`: the data directory of this very database; it holds the copy for a moment.
// The database stays as it is: an older schema is migrated by restore_backup().
Result<Secret> collect_backup(SqliteDatabase&, const std::string& data, WallTime now);

struct RestoredBackup {
  Version version;
  int64_t resources = 0;
};
// Into a data directory that is not there, or empty but for a file system's lost+found: it may be a mount.
// kConflict: it is not; kConfigInvalid: not such a document, or another passphrase, or of a newer Heddle; kIo. After an
// error the directory is as it was; after a crash, too, or it may be restored into again.
Result<RestoredBackup> restore_backup(std::string_view sealed, std::string_view passphrase, const std::string& data,
                                      WallTime now);
}  // namespace heddle
