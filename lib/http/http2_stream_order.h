// Http2StreamOrder: the ids that a client passed over. Opening a stream closes every idle one below it (RFC 9113
// §5.1.1), so HEADERS on an id that was passed over is a connection error; nghttp2 1.52 cannot tell it from a frame
// that crossed our RST_STREAM, and drops it. Only the last few gaps are remembered: well-behaved clients leave none.
// Pure.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace heddle {
class Http2StreamOrder {
 public:
  static constexpr size_t kRemembered = 4;
  // A HEADERS frame begins. False: on an id that was passed over. Ids that are no client's are nghttp2's to refuse.
  bool take(int32_t id) noexcept {
    if (id <= 0 || id % 2 == 0) return true;
    if (id <= highest_) return !was_passed_over(id);
    if (id > highest_ + 2) gaps_[next_++ % kRemembered] = {highest_ + 2, id - 2};
    highest_ = id;
    return true;
  }

 private:
  struct Gap {
    int32_t first = 0;
    int32_t last = -1;
  };
  bool was_passed_over(int32_t id) const noexcept {
    for (const Gap& gap : gaps_) {
      if (id >= gap.first && id <= gap.last) return true;
    }
    return false;
  }
  std::array<Gap, kRemembered> gaps_{};
  size_t next_ = 0;
  int32_t highest_ = -1;
};
}  // namespace heddle
