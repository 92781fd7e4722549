// One batch of the watch stream: begin, a line per change, end. The lines of puts are the store's own, and equal
// changes share one body, so that a thousand sidecars cost one. BatchCursor is a subscriber's place in it: what a slow
// sidecar did not take yet is not buffered anywhere. Lives on the control loop.
#pragma once
#include <map>

#include "control/translate/node_view.h"
#include "lib/base/flow.h"

namespace heddle {
// Where a subscriber's lines go; the watch server's end of one stream.
class SubscriberSink {
 public:
  virtual ~SubscriberSink() = default;
  // One line with its '\n'. kFull: accepted, but send no more until WatchHub::on_writable().
  virtual Flow send_line(std::string_view line) = 0;
  // No line follows. The stream ends with this error; WatchHub::remove() comes later, not from inside.
  virtual void close(const Error&) = 0;
};

struct BatchBody {
  using Ptr = std::shared_ptr<const BatchBody>;
  std::vector<StoredResource::Ptr> puts;
  std::vector<std::string> deletes;  // lines
};

// What leads from one set to another; `from` nullptr: everything.
BatchBody make_batch_body(const ScopeSet* from, const ScopeSet& to);

class BatchCache {
 public:
  BatchBody::Ptr body(const ScopeSet::Ptr& from, const ScopeSet::Ptr& to);
  size_t size() const noexcept { return bodies_.size(); }

 private:
  using Ends = std::pair<Sha256Digest, Sha256Digest>;
  std::map<Ends, std::weak_ptr<const BatchBody>> bodies_;
};

class BatchCursor {
 public:
  // `from` nothing: a snapshot.
  BatchCursor(std::optional<Version> from, Version to, const Sha256Digest& hash, BatchBody::Ptr body);
  // Sends until the sink is full or everything is sent.
  Flow send(SubscriberSink&);
  bool is_done() const noexcept { return next_ > body_->puts.size() + body_->deletes.size() + 1; }

 private:
  std::string_view line(size_t index) const;
  std::string begin_;
  std::string end_;
  BatchBody::Ptr body_;
  size_t next_ = 0;
};
}  // namespace heddle
