// The tables of the embedded store and their migrations. PRAGMA user_version is the number of migrations applied; a
// file of a newer Heddle is refused, never guessed at.
#pragma once
#include "control/store/sqlite.h"

namespace heddle {
// Makes or migrates all tables.
Result<void> migrate_sqlite(SqliteDatabase&);
}  // namespace heddle
