// LineStream: one long request that carries newline-delimited lines both ways (the watch). Both ends look the same.
// Owned by its server call or its client; belongs to one loop. A line is at most `max_line` bytes.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "lib/base/flow.h"
#include "lib/session/stream.h"

namespace heddle {

// Implemented by who uses the stream. Upcalls come from the loop, never from inside a call down.
class LineObserver {
 public:
  virtual ~LineObserver() = default;
  virtual void on_line(std::string_view line) = 0;  // without the newline; valid during the call
  virtual void on_drained() {}                      // after kFull
  virtual void on_closed(const Error& why) = 0;     // last, once; kNone: the peer ended in order
};

class LineSender {
 public:
  // Queues the line and a newline; kFull: wait for on_drained. Ignored after close().
  [[nodiscard]] virtual Flow send(std::string_view line) = 0;
  // The same for some lines, which have their newlines already.
  [[nodiscard]] virtual Flow send_all(std::span<const std::string_view> lines) {
    Flow flow = Flow::kOpen;
    for (std::string_view line : lines) flow = send(line.substr(0, line.size() - 1));
    return flow;
  }
  virtual void close() = 0;  // ends our direction; on_closed follows when the peer ends too

 protected:
  ~LineSender() = default;
};

// Cuts bytes into lines. A line that lies in one piece is told from where it lies; only others are put together. Pure.
class LineSplitter {
 public:
  explicit LineSplitter(size_t max_line) : max_line_(max_line) {}
  // f(std::string_view) for each complete line, valid during the call, which must leave `in` alone; kTooLarge when one
  // exceeds the limit.
  template <class F>
  Result<void> feed(Buffer& in, F&& f) {
    while (!in.empty()) {
      std::string_view part = as_text(in.front());
      size_t end = part.find('\n');
      if (held_.empty() && end != std::string_view::npos && end <= max_line_) {
        f(part.substr(0, end));
        in.consume(end + 1);
        continue;
      }
      held_.append(part.substr(0, end));
      in.consume(end == std::string_view::npos ? part.size() : end + 1);
      if (held_.size() > max_line_) return make_error(Reason::kTooLarge, "a line exceeds its limit");
      if (end == std::string_view::npos) continue;
      f(std::string_view(held_));
      held_.clear();
    }
    return {};
  }
  bool has_rest() const noexcept { return !held_.empty(); }

 private:
  size_t max_line_;
  std::string held_;
};
}  // namespace heddle
