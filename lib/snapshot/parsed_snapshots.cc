#include "lib/snapshot/parsed_snapshots.h"

namespace heddle {
Result<std::shared_ptr<const Snapshot>> ParsedSnapshots::make(std::shared_ptr<const Model> model, Version version) {
  if (ConfigProblems problems = validate(*model, ModelScope::kWhole); !problems.empty()) return problems.to_error();
  current_ = SnapshotAssembly(std::move(model), current_.get(), ids_).run(version, {});
  return current_;
}
}  // namespace heddle
