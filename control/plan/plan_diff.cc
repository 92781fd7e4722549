#include "control/plan/plan_diff.h"

#include <algorithm>

namespace heddle {
namespace {
// Cut between characters, so that what is told stays UTF-8.
std::string cut(std::string text) {
  if (text.size() <= PlanDiff::kMaxValue) return text;
  size_t end = PlanDiff::kMaxValue;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

std::string shown(const std::optional<JsonValue>& value) { return value ? cut(value->compact()) : std::string(); }

void add_fields(const StoredResource& before, const StoredResource& after, PlannedResource& out) {
  std::vector<FieldChange> changes = diff_fields(before.document(), after.document());
  out.field_count = changes.size();
  for (const FieldChange& change : changes) {
    if (out.fields.size() == PlanDiff::kMaxFields) return;
    out.fields.push_back({change.path, shown(change.before), shown(change.after)});
  }
}

class Differ {
 public:
  void note(const StoredResource::Ptr& before, const StoredResource::Ptr& after) {
    if (before == after || (before != nullptr && after != nullptr && before->bytes() == after->bytes())) return;
    ChangeKind kind = before == nullptr  ? ChangeKind::kAdded
                      : after == nullptr ? ChangeKind::kRemoved
                                         : ChangeKind::kChanged;
    ++(kind == ChangeKind::kAdded ? out_.added : kind == ChangeKind::kRemoved ? out_.removed : out_.changed);
    found_.push_back({before, after, kind});
  }
  PlanDiff take() {
    auto key_of = [](const Found& found) -> const ResourceKey& {
      return found.after == nullptr ? found.before->key() : found.after->key();
    };
    std::sort(found_.begin(), found_.end(), [&](const Found& a, const Found& b) { return key_of(a) < key_of(b); });
    if (found_.size() > PlanDiff::kMaxResources) found_.resize(PlanDiff::kMaxResources);
    for (const Found& found : found_) {
      PlannedResource& one = out_.resources.emplace_back();
      one.key = key_of(found);
      one.kind = found.kind;
      if (found.kind == ChangeKind::kChanged) add_fields(*found.before, *found.after, one);
    }
    return std::move(out_);
  }

 private:
  struct Found {
    StoredResource::Ptr before;
    StoredResource::Ptr after;
    ChangeKind kind;
  };
  PlanDiff out_;
  std::vector<Found> found_;
};
}  // namespace

PlanDiff plan_diff(const View& before, const View& after) {
  Differ differ;
  after.for_each([&](const StoredResource::Ptr& now) { differ.note(before.find(now->key()), now); });
  before.for_each([&](const StoredResource::Ptr& was) {
    if (after.find(was->key()) == nullptr) differ.note(was, nullptr);
  });
  return differ.take();
}
}  // namespace heddle
