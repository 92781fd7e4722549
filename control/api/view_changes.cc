#include "control/api/view_changes.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
bool is_same(const StoredResource::Ptr& a, const StoredResource::Ptr& b) {
  return a == b || (a != nullptr && b != nullptr && a->bytes() == b->bytes());
}

Result<StoreOperation> restored(const StoredResource& resource) {
  Problems problems;
  std::optional<Envelope> envelope = read_envelope(resource.document(), {EnvelopeSource::kStored}, problems);
  if (envelope) return StoreOperation(PutOperation{*envelope, {}, envelope->metadata.created, true});
  return make_error(Reason::kConfigInvalid, str_cat(resource.key_text(), ": ", problems.text()));
}
}  // namespace

std::vector<Change> changes_between(const View& before, const View& after) {
  std::vector<Change> out;
  after.for_each([&](const StoredResource::Ptr& now) {
    StoredResource::Ptr old = before.find(now->key());
    if (!is_same(old, now)) out.push_back({now->key(), std::move(old), now});
  });
  before.for_each([&](const StoredResource::Ptr& old) {
    if (after.find(old->key()) == nullptr) out.push_back({old->key(), old, nullptr});
  });
  std::sort(out.begin(), out.end(), [](const Change& a, const Change& b) { return a.key < b.key; });
  return out;
}

Result<Transaction> restore_operations(const View& now, const View& then) {
  Transaction out;
  for (const Change& change : changes_between(now, then)) {
    if (change.now == nullptr) {
      out.emplace_back(EraseOperation{change.key});
      continue;
    }
    HEDDLE_TRY(StoreOperation put, restored(*change.now));
    out.push_back(std::move(put));
  }
  return out;
}

Error no_such_version(const EventLog& log, Version version) {
  Version newest = log.newest().version();
  Version oldest = log.oldest().version();
  bool is_past = version.epoch == newest.epoch && version < newest;
  std::string why = is_past ? str_cat("version ", version.text(), " is no longer kept")
                            : str_cat("there is no version ", version.text());
  return make_error(Reason::kNotFound,
                    str_cat(why, ": the oldest that is kept is ", oldest.text(), ", the newest ", newest.text()),
                    Origin::kDownstream);
}
}  // namespace heddle
