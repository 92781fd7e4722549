#include "control/watch/rebalance.h"

#include <algorithm>
#include <utility>

namespace heddle {
size_t Rebalance::take(MonoTime now, size_t own, std::span<const ReplicaSight> others) {
  next_ = now + limits_.every;
  size_t total = own;
  for (const ReplicaSight& other : others) total += other.connected;
  double mean = static_cast<double>(total) / static_cast<double>(others.size() + 1);
  double excess = static_cast<double>(own) - mean;
  bool was_active = is_active_;
  is_active_ = is_known_well(now, others) && is_too_much(excess, mean);
  if (!is_active_) return 0;
  if (!was_active) begin_to_judge(now, excess);
  judge(now, excess);
  if (!is_active_) return 0;
  size_t count = std::clamp<size_t>(static_cast<size_t>(excess * limits_.share), 1, limits_.most);
  asked_ += count;
  return count;
}

// Everybody is heard, and that has been so for long enough for the counts to mean something.
bool Rebalance::is_known_well(MonoTime now, std::span<const ReplicaSight> others) {
  Seen seen;
  for (const ReplicaSight& other : others) seen.emplace_back(other.name, other.is_heard);
  if (seen != seen_) {
    seen_ = std::move(seen);
    pause_ = {};
    quiet_until_ = now + limits_.settle;
  }
  bool are_all_heard = std::all_of(others.begin(), others.end(), [](const ReplicaSight& r) { return r.is_heard; });
  return !others.empty() && are_all_heard && now >= quiet_until_;
}

bool Rebalance::is_too_much(double excess, double mean) const {
  if (is_active_) return excess > mean * limits_.end;
  return excess > mean * limits_.begin && excess >= static_cast<double>(limits_.least);
}

void Rebalance::begin_to_judge(MonoTime now, double excess) {
  judged_ = now;
  excess_ = excess;
  asked_ = 0;
}

// No longer active: it does not help.
void Rebalance::judge(MonoTime now, double excess) {
  if (now - judged_ < limits_.judge) return;
  bool helps = excess_ - excess >= static_cast<double>(asked_) / 4;
  begin_to_judge(now, excess);
  if (helps) {
    pause_ = {};
    return;
  }
  pause_ = std::min(std::max(pause_ * 2, limits_.first_pause), limits_.longest_pause);
  quiet_until_ = now + pause_;
  is_active_ = false;
}
}  // namespace heddle
