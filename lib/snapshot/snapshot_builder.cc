#include "lib/snapshot/snapshot_builder.h"

#include <set>

#include "lib/base/strings.h"
#include "lib/config/model_maps.h"

namespace heddle {
namespace {
// Takes the parsed form of a resource whose bytes did not change.
void carry_over(const Model& from, Model& to, const ResourceKey& key) {
  bool found = false;
  each_model_map([&](auto map) {
    auto it = (from.*map).find(key);
    if (it == (from.*map).end()) return;
    (to.*map)[key] = it->second;
    found = true;
  });
  HEDDLE_ASSERT(found);
  (void)found;
}

void check_change(const ConfigChange& change, ConfigProblems& problems) {
  std::set<ResourceKey> seen;
  size_t bytes = 0;
  for (const Resource& resource : change.puts) {
    bytes += resource.json.size();
    if (!seen.insert(resource.key).second) problems.add(resource.key, "", "stands twice in one change");
  }
  for (const ResourceKey& key : change.deletes) {
    if (!seen.insert(key).second) problems.add(key, "", "stands twice in one change");
  }
  if (bytes > kMaxSnapshotBytes) {
    problems.add(change.puts.front().key, "", "belongs to a change of more than 64 MiB, which is the limit");
  }
}
}  // namespace

void SnapshotBuilder::put(const Resource& resource, Draft& draft) const {
  if (hasher_.holds(resource)) {
    carry_over(*model_, *draft.model, resource.key);
    draft.hasher.put(resource);
    return;
  }
  Problems problems;
  std::optional<ParsedSpec> spec = parse_resource(resource, problems);
  draft.problems.add_all(resource.key, problems);
  if (!spec) return;
  put_spec(*draft.model, resource.key, *spec);
  draft.hasher.put(resource);
}

// The model that the change begins with, without what it deletes; or problems of the change as a whole.
SnapshotBuilder::Draft SnapshotBuilder::draft(const ConfigChange& change) const {
  bool is_delta = change.kind == ConfigChange::Kind::kDelta;
  Draft out{is_delta ? std::make_shared<Model>(*model_) : std::make_shared<Model>(), {}, {}};
  if (is_delta) out.hasher = hasher_;
  check_change(change, out.problems);
  if (!out.problems.empty()) return out;
  for (const ResourceKey& key : change.deletes) {
    out.model->erase(key);
    out.hasher.erase(key);
  }
  return out;
}

BuildOutcome SnapshotBuilder::apply(const ConfigChange& change) {
  Draft next = draft(change);
  if (!next.problems.empty()) return take(change, std::move(next));
  for (const Resource& resource : change.puts) put(resource, next);
  return take(change, std::move(next));
}

BuildOutcome SnapshotBuilder::apply(ConfigChange&& change) {
  Draft next = draft(change);
  if (!next.problems.empty()) return take(change, std::move(next));
  for (Resource& resource : change.puts) {
    put(resource, next);
    std::string().swap(resource.json);
  }
  return take(change, std::move(next));
}

BuildOutcome SnapshotBuilder::take(const ConfigChange& change, Draft next) {
  BuildOutcome out;
  out.problems = std::move(next.problems);
  if (!out.problems.empty()) return out;
  ContentHash hash = next.hasher.value();
  out.hash_differs = change.expected_hash && *change.expected_hash != hash;
  if (out.hash_differs) return out;
  out.problems = validate(*next.model, scope_);
  if (!out.problems.empty()) return out;

  out.snapshot = SnapshotAssembly(next.model, current_.get(), ids_).run(change.version, hash);
  out.changes = compare_snapshots(current_.get(), *out.snapshot);
  model_ = std::move(next.model);
  hasher_ = std::move(next.hasher);
  if (current_ != nullptr) earlier_.push_back(std::move(current_));
  current_ = out.snapshot;
  collect();
  return out;
}

// Nobody can come by what only we hold.
size_t SnapshotBuilder::collect() {
  return std::erase_if(earlier_, [](const auto& snapshot) { return snapshot.use_count() == 1; });
}
}  // namespace heddle
