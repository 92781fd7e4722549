#include "control/ca/restored.h"

#include "certs/limits.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Result<WallTime> read_time(Ledger& ledger, std::string_view name) {
  HEDDLE_TRY(std::optional<std::string> text, ledger.meta(name));
  if (!text) return WallTime();
  if (std::optional<int64_t> time = parse_int<int64_t>(*text)) return WallTime(Duration(*time));
  return make_error(Reason::kIo, str_cat("the store is damaged: ", name, " is no time"));
}
}  // namespace

Result<Restored> Restored::read(Ledger& ledger) {
  Restored out;
  HEDDLE_TRY(out.backed_up, read_time(ledger, kBackedUpAt));
  HEDDLE_TRY(out.restored, read_time(ledger, kRestoredAt));
  return out;
}

// NotBefore has whole seconds.
bool Restored::forgot(WallTime not_before) const {
  if (restored == WallTime()) return false;
  WallTime issued = not_before + kBackdate;
  return issued + 1s >= backed_up && issued <= restored;
}
}  // namespace heddle
