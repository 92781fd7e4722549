// What lies between two versions, and the transaction that leads back to the older one. Pure; linear in both views.
#pragma once
#include <vector>

#include "control/store/store.h"

namespace heddle {
// Ascending by key: what is created, changed and erased on the way from `before` to `after`. What was erased and made
// again with the same bytes is no change.
std::vector<Change> changes_between(const View& before, const View& after);

// Puts back what `then` held, byte for byte, and erases what it did not hold. kConfigInvalid: a resource of `then`
// cannot be read any more.
Result<Transaction> restore_operations(const View& now, const View& then);

// Why the log does not have `version` (kNotFound): it is no longer kept, or was never reached.
Error no_such_version(const EventLog&, Version version);
}  // namespace heddle
