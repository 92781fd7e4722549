// TrafficSplit: which of several weighted choices a 64-bit draw means. The same draw always means the same choice, so a
// recorded request replays to the same answer. Immutable, allocation-free to ask.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace heddle {
class TrafficSplit {
 public:
  TrafficSplit() = default;
  explicit TrafficSplit(std::span<const uint32_t> weights);
  // Index of the choice; nothing when all weights are zero.
  std::optional<size_t> pick(uint64_t draw) const noexcept;
  // Among those that is_wanted(index) says yes to, in proportion to their weights; independent of what pick() says of
  // the same draw, so that the share of one that is left is spread over all the others. Nothing: none has a weight.
  template <class Wanted>
  std::optional<size_t> pick_among(uint64_t draw, Wanted&& is_wanted) const {
    uint64_t total = 0;
    for (size_t i = 0; i < ends_.size(); ++i) total += is_wanted(i) ? weight(i) : 0;
    if (total == 0) return std::nullopt;
    uint64_t point = scaled(another(draw), total);
    for (size_t i = 0; i < ends_.size(); ++i) {
      uint64_t part = is_wanted(i) ? weight(i) : 0;
      if (point < part) return i;
      point -= part;
    }
    return std::nullopt;  // only if the answers of is_wanted() changed
  }

 private:
  uint64_t weight(size_t i) const noexcept { return i == 0 ? ends_[0] : ends_[i] - ends_[i - 1]; }
  static uint64_t scaled(uint64_t draw, uint64_t total) noexcept;  // uniform in [0, total)
  static uint64_t another(uint64_t draw) noexcept;
  std::vector<uint64_t> ends_;  // cumulative
};
}  // namespace heddle
