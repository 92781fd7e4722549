#include "control/watch/batch.h"

namespace heddle {
namespace {
std::string delete_line(const StoredResource& resource) { return encode(ControlMessage(WatchDelete{resource.key()})); }
}  // namespace

// Both sides ascend by key text: one pass.
BatchBody make_batch_body(const ScopeSet* from, const ScopeSet& to) {
  BatchBody out;
  if (from == nullptr) {
    out.puts = to.resources;
    return out;
  }
  auto old = from->resources.begin();
  auto old_end = from->resources.end();
  for (const StoredResource::Ptr& now : to.resources) {
    while (old != old_end && (*old)->key_text() < now->key_text()) out.deletes.push_back(delete_line(**old++));
    bool is_known = old != old_end && (*old)->key_text() == now->key_text();
    if (!is_known || (*old)->digest() != now->digest()) out.puts.push_back(now);
    if (is_known) ++old;
  }
  for (; old != old_end; ++old) out.deletes.push_back(delete_line(**old));
  return out;
}

BatchBody::Ptr BatchCache::body(const ScopeSet::Ptr& from, const ScopeSet::Ptr& to) {
  Ends ends{from == nullptr ? Sha256Digest{} : from->hash, to->hash};
  auto found = bodies_.find(ends);
  if (found != bodies_.end()) {
    if (BatchBody::Ptr body = found->second.lock()) return body;
  }
  std::erase_if(bodies_, [](const auto& entry) { return entry.second.expired(); });
  auto body = std::make_shared<const BatchBody>(make_batch_body(from.get(), *to));
  bodies_[ends] = body;
  return body;
}

BatchCursor::BatchCursor(std::optional<Version> from, Version to, const Sha256Digest& hash, BatchBody::Ptr body)
    : body_(std::move(body)) {
  BatchKind kind = from ? BatchKind::kDelta : BatchKind::kSnapshot;
  begin_ = encode(ControlMessage(WatchBegin{kind, from, to}));
  end_ = encode(ControlMessage(WatchEnd{to, to_hex(hash)}));
}

Flow BatchCursor::send(SubscriberSink& sink) {
  while (!is_done()) {
    if (sink.send_line(line(next_++)) == Flow::kFull) return Flow::kFull;
  }
  return Flow::kOpen;
}

// begin, deletes, puts, end: what is renamed never stands twice.
std::string_view BatchCursor::line(size_t index) const {
  if (index == 0) return begin_;
  if (index <= body_->deletes.size()) return body_->deletes[index - 1];
  index -= body_->deletes.size() + 1;
  return index < body_->puts.size() ? std::string_view(body_->puts[index]->line()) : std::string_view(end_);
}
}  // namespace heddle
