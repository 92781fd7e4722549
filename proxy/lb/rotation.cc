#include "proxy/lb/rotation.h"

#include <algorithm>

namespace heddle {
namespace {
// Beyond this, deadlines start again from zero, long before a double loses the fractions.
constexpr double kRebaseAt = 1e9;
}  // namespace

void Rotation::restart(const CandidateList& list, Random& random) {
  now_ = 0;
  due_.resize(list.size());
  heap_.clear();
  heap_.reserve(list.size());
  for (uint32_t i = 0; i < list.size(); ++i) due_[i] = random.unit() / std::max(list.at(i).weight, 1U);
}

void Rotation::rebuild(const CandidateList& list) noexcept {
  heap_.assign(list.usable().begin(), list.usable().end());
  for (uint32_t i : heap_) {
    // who was away has nothing to catch up
    double interval = 1.0 / list.share(i);
    if (due_[i] < now_ || due_[i] > now_ + interval) due_[i] = now_ + interval;
    if (now_ > kRebaseAt) due_[i] -= now_;
  }
  if (now_ > kRebaseAt) now_ = 0;
  std::make_heap(heap_.begin(), heap_.end(), [this](uint32_t a, uint32_t b) { return is_later(a, b); });
}

uint32_t Rotation::next(const CandidateList& list) noexcept {
  auto later = [this](uint32_t a, uint32_t b) { return is_later(a, b); };
  if (now_ > kRebaseAt) rebuild(list);
  std::pop_heap(heap_.begin(), heap_.end(), later);
  uint32_t index = heap_.back();
  now_ = due_[index];
  due_[index] += 1.0 / list.share(index);
  std::push_heap(heap_.begin(), heap_.end(), later);
  return index;
}

std::optional<uint32_t> Rotation::next_untried(const CandidateList& list, std::span<const uint32_t> tried,
                                               Random& random) noexcept {
  // the tried ones lose their turn; a heavy one may come up again before a light one does
  for (size_t i = 0; i <= tried.size() && i < heap_.size(); ++i) {
    uint32_t index = next(list);
    if (!was_tried(tried, index)) return index;
  }
  return list.usable().empty() ? std::nullopt : list.any_untried(tried, random);
}
}  // namespace heddle
