#include "control/watch/batch.h"

#include <algorithm>
#include <array>

namespace heddle {
namespace {
std::string delete_line(const StoredResource& resource) { return encode(ControlMessage(WatchDelete{resource.key()})); }
}  // namespace

SubscriberSink::Taken SubscriberSink::send_lines(std::span<const std::string_view> lines) {
  Taken taken;
  while (taken.lines < lines.size() && taken.flow == Flow::kOpen) taken.flow = send_line(lines[taken.lines++]);
  return taken;
}

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
  if (bodies_.size() >= forget_at_) forget_expired();
  auto body = std::make_shared<const BatchBody>(make_batch_body(from.get(), *to));
  bodies_[ends] = body;
  if (is_passing_ && kept_.size() < kMaxKept) kept_.push_back(body);
  return body;
}

// Not at each new body: with many of them that would be more work than they are.
void BatchCache::forget_expired() {
  std::erase_if(bodies_, [](const auto& entry) { return entry.second.expired(); });
  forget_at_ = std::max<size_t>(1, 2 * bodies_.size());
}

void BatchCache::end_pass() {
  is_passing_ = false;
  kept_ = {};
  forget_expired();
}

BatchCursor::BatchCursor(std::optional<Version> from, Version to, const Sha256Digest& hash, BatchBody::Ptr body)
    : body_(std::move(body)) {
  BatchKind kind = from ? BatchKind::kDelta : BatchKind::kSnapshot;
  begin_ = encode(ControlMessage(WatchBegin{kind, from, to}));
  end_ = encode(ControlMessage(WatchEnd{to, to_hex(hash)}));
}

Flow BatchCursor::send(SubscriberSink& sink) {
  std::array<std::string_view, kLinesAtOnce> lines;
  while (!is_done()) {
    size_t count = 0;
    size_t most = std::min(kLinesAtOnce, size() - next_);
    for (size_t bytes = 0; count < most && bytes < kBytesAtOnce; ++count) {
      lines[count] = line(next_ + count);
      bytes += lines[count].size();
    }
    SubscriberSink::Taken taken = sink.send_lines({lines.data(), count});
    next_ += taken.lines;
    if (taken.flow == Flow::kFull) return Flow::kFull;
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
