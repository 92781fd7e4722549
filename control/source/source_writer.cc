#include "control/source/source_writer.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kAfterFailure = 1s;

CommitRequest request_of(const ClusterChange& change, const std::string& author) {
  CommitRequest out;
  out.author = author;
  out.message =
      str_cat(std::to_string(change.puts.size()), " changed, ", std::to_string(change.erases.size()), " gone");
  out.is_of_source = true;
  for (const ClusterResource& one : change.puts) {
    PutOperation put{one.envelope};
    put.created = one.created;
    out.operations.push_back(std::move(put));
  }
  for (const ResourceKey& key : change.erases) out.operations.push_back(EraseOperation{key});
  return out;
}
}  // namespace

SourceWriter::SourceWriter(Parts parts)
    : parts_(std::move(parts)), debounce_(parts_.debounce), timer_(parts_.loop.timer([this] { act(); })) {}

void SourceWriter::changed() { timer_->arm(debounce_.on_event(parts_.loop.now(), true)); }

void SourceWriter::act() {
  debounce_.on_acted();
  is_dirty_ = committing_ != nullptr;
  if (is_dirty_) return;
  Translation translation = parts_.translate();
  tell(std::move(translation.problems));
  std::set<ResourceKey> present;
  parts_.store.view().for_each([&](const StoredResource::Ptr& one) { present.insert(one->key()); });
  commit(transaction_.next(translation, present));
}

void SourceWriter::commit(ClusterChange change) {
  if (change.is_empty() && is_synced_) return;
  CommitRequest request = request_of(change, parts_.author);
  committing_ =
      parts_.store.commit(std::move(request), Admission([this](const View& after) { return parts_.judge(after); }),
                          [this, change = std::move(change)](Result<Commit> done) {
                            committing_ = nullptr;
                            on_committed(change, done);
                          });
}

void SourceWriter::on_committed(const ClusterChange& change, const Result<Commit>& done) {
  if (!done) {
    parts_.log.error("what the source says could not be written; it is tried again", {{"error", done.error()}});
    timer_->arm(kAfterFailure);
    return;
  }
  transaction_.on_committed(change);
  if (!is_synced_) {
    is_synced_ = true;
    parts_.log.info("the source is read", {{"version", done->version.text()}, {"resources", done->after.size()}});
    if (Task told = std::exchange(parts_.on_synced, nullptr)) told();
  }
  if (is_dirty_) timer_->arm(Duration(0));
}

void SourceWriter::tell(ClusterProblems found) {
  for (const ClusterProblem& one : found) {
    if (std::find(problems_.begin(), problems_.end(), one) != problems_.end()) continue;
    parts_.log.warn("something of the source is left out",
                    {{"object", one.object}, {"field", one.field}, {"problem", one.message}});
  }
  problems_ = std::move(found);
}
}  // namespace heddle
