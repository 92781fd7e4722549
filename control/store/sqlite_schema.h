// The tables of the embedded store and their migrations. PRAGMA user_version is the number of migrations applied; a
// file of a newer Heddle is refused, never guessed at, unless its meta `min_reader` says that ours may open it: then it
// stays as it is, so that one may go back by a version.
#pragma once
#include "control/store/sqlite.h"

namespace heddle {
// Makes or migrates all tables.
Result<void> migrate_sqlite(SqliteDatabase&);
// From now on no Heddle opens it that does not know that certificates of pods renew with their pod alone.
Result<void> need_pod_reader(SqliteDatabase&);
}  // namespace heddle
