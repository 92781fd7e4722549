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

 private:
  std::vector<uint64_t> ends_;  // cumulative
};
}  // namespace heddle
