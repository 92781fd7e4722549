// One batch of the watch stream: begin, a line per change, end. The lines of puts are the store's own, and equal
// changes share one body, so that a thousand sidecars cost one. BatchCursor is a subscriber's place in it: what a slow
// sidecar did not take yet is not buffered anywhere. Lives on the control loop.
#pragma once
#include <map>
#include <span>

#include "control/translate/node_view.h"
#include "lib/base/flow.h"

namespace heddle {
// Where a subscriber's lines go; the watch server's end of one stream.
class SubscriberSink {
 public:
  virtual ~SubscriberSink() = default;
  // One line with its '\n'. kFull: accepted, but send no more until WatchHub::on_writable().
  virtual Flow send_line(std::string_view line) = 0;
  // The first of these lines, at least one; kFull as with send_line(). Who can take them as one does.
  struct Taken {
    size_t lines = 0;
    Flow flow = Flow::kOpen;
  };
  virtual Taken send_lines(std::span<const std::string_view> lines);
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

// A body lives while somebody sends it. Most are sent whole at once, and those who share one do not follow each other
// in a pass over everybody: so between begin_pass() and end_pass() the first kMaxKept bodies stay, too.
class BatchCache {
 public:
  static constexpr size_t kMaxKept = 1024;  // lists of pointers: the lines of puts are the store's
  BatchBody::Ptr body(const ScopeSet::Ptr& from, const ScopeSet::Ptr& to);
  void begin_pass() noexcept { is_passing_ = true; }
  void end_pass();
  size_t size() const noexcept { return bodies_.size(); }  // also those that nobody sends any more, for a while

 private:
  using Ends = std::pair<Sha256Digest, Sha256Digest>;
  void forget_expired();
  std::map<Ends, std::weak_ptr<const BatchBody>> bodies_;
  std::vector<BatchBody::Ptr> kept_;
  size_t forget_at_ = 1;  // so many bodies: half of them are new since it was looked for those that expired
  bool is_passing_ = false;
};

class BatchCursor {
 public:
  // `from` nothing: a snapshot.
  BatchCursor(std::optional<Version> from, Version to, const Sha256Digest& hash, BatchBody::Ptr body);
  // So much is handed to the sink at a time, so that a small batch is one write: lines, until they have so many bytes.
  static constexpr size_t kLinesAtOnce = 16;
  static constexpr size_t kBytesAtOnce = 16 * 1024;

  // Sends until the sink is full or everything is sent.
  Flow send(SubscriberSink&);
  bool is_done() const noexcept { return next_ == size(); }

 private:
  size_t size() const noexcept { return body_->puts.size() + body_->deletes.size() + 2; }  // lines
  std::string_view line(size_t index) const;
  std::string begin_;
  std::string end_;
  BatchBody::Ptr body_;
  size_t next_ = 0;
};
}  // namespace heddle
