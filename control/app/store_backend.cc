#include "control/app/store_backend.h"

#include <algorithm>

#include "control/store/sqlite_journal.h"
#include "control/store/sqlite_ledger.h"
#include "control/store/sqlite_schema.h"
#include "lib/base/strings.h"

namespace heddle {
std::string_view to_text(SoleTask task) noexcept { return task == SoleTask::kCa ? "ca" : "rollout"; }

Result<std::unique_ptr<StoreBackend>> SqliteBackend::open(const std::string& path, std::string self) {
  HEDDLE_TRY(SqliteDatabase database, SqliteDatabase::open(path));
  auto out = std::make_unique<SqliteBackend>(Access(), std::move(database), std::move(self));
  HEDDLE_CHECK_OK(migrate_sqlite(out->database_));
  HEDDLE_TRY(out->journal_, SqliteJournal::create(out->database_, {}));
  out->ledger_ = std::make_unique<SqliteLedger>(out->database_);
  return std::unique_ptr<StoreBackend>(std::move(out));
}

Pending SqliteBackend::resign(Task done) {
  done();
  return nullptr;
}

JournalHealth worse_of(const JournalHealth& a, const JournalHealth& b) {
  JournalHealth out = a.is_current ? b : a;
  if (a.is_current == b.is_current) out.since = std::min(a.since, b.since);
  return out;
}

std::string readiness_text(const std::optional<JournalHealth>& health) {
  if (!health || health->is_current) return "";
  return str_cat("store: not current since ", format_time(health->since), ": ", health->problem);
}
}  // namespace heddle
