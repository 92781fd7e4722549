// ReplayBody: the request body as far as it may have to be sent again. Keeps what was received (views of the same
// blocks, no copy) until the response begins or kLimit is exceeded; from then on bytes only pass through.
// A member of the Exchange.
#pragma once
#include <optional>

#include "lib/base/buffer.h"
#include "lib/http/head.h"

namespace heddle {
class ReplayBody {
 public:
  static constexpr size_t kLimit = 64 * 1024;
  explicit ReplayBody(BlockPool& pool) : kept_(pool) {}

  // Bytes that arrived. Without an open stream they wait here; with one they are to be sent at once: returned.
  void hold(Buffer&& bytes) { kept_.append(std::move(bytes)); }
  Buffer pass(Buffer&& bytes) {
    if (!keeping_) return std::move(bytes);
    if (kept_.size() + bytes.size() > kLimit) {
      stop();
      return std::move(bytes);
    }
    Buffer view = bytes.share(0, bytes.size());
    kept_.append(std::move(bytes));
    return view;
  }
  // Everything so far, for a new try.
  Buffer all() const { return kept_.share(0, kept_.size()); }
  bool may_replay() const noexcept { return keeping_ && kept_.size() <= kLimit; }
  bool empty() const noexcept { return kept_.empty(); }
  // The response began, or the body is too long: no further try.
  void stop() noexcept {
    keeping_ = false;
    kept_.clear();
  }
  void keep_trailers(HeaderMap&& fields) { trailers_.emplace(std::move(fields)); }
  const std::optional<HeaderMap>& trailers() const noexcept { return trailers_; }

 private:
  Buffer kept_;
  std::optional<HeaderMap> trailers_;
  bool keeping_ = true;
};
}  // namespace heddle
