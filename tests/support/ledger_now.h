// commit_now(): a change of a ledger that is done with it when commit() returns, as SQLite's is.
#pragma once
#include <gtest/gtest.h>

#include "control/store/ledger.h"

namespace heddle {
inline Result<void> commit_now(Ledger& ledger, LedgerChange change) {
  std::optional<Result<void>> out;
  Pending token = ledger.commit(std::move(change), [&out](Result<void> result) { out = std::move(result); });
  EXPECT_TRUE(out.has_value()) << "the ledger did not answer at once";
  if (!out) return make_error(Reason::kTimeout, "the ledger did not answer at once");
  return *std::move(out);
}
}  // namespace heddle
