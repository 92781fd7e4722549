#include "control/watch/first_batches.h"

namespace heddle {
bool FirstBatches::ask(uint64_t id, MonoTime now) {
  if (under_way_.contains(id)) return true;
  if (waiting_.empty() && work_.has_room(now)) {
    begin(id, now);
    return true;
  }
  waiting_.insert(id);
  return false;
}

std::optional<uint64_t> FirstBatches::next(MonoTime now) {
  if (waiting_.empty() || !work_.has_room(now)) return std::nullopt;
  uint64_t id = *waiting_.begin();
  waiting_.erase(waiting_.begin());
  begin(id, now);
  return id;
}

void FirstBatches::begin(uint64_t id, MonoTime now) {
  work_.begin(now);
  under_way_.insert(id);
}

void FirstBatches::end(uint64_t id, MonoTime now) {
  waiting_.erase(id);
  if (under_way_.erase(id) == 0) return;
  work_.end();
  begin_second(now);
  ++ended_;
}

std::optional<Duration> FirstBatches::until_next(MonoTime now) const {
  if (waiting_.empty()) return std::nullopt;
  return work_.until_room(now);
}

void FirstBatches::begin_second(MonoTime now) {
  if (now - second_ < 1s) return;
  ended_before_ = now - second_ < 2s ? ended_ : 0;
  ended_ = 0;
  second_ = now;
}

Duration FirstBatches::come_back_after(MonoTime now) {
  begin_second(now);
  double rate = std::max({static_cast<double>(std::max(ended_, ended_before_)), limits_.work.least_rate, 1.0});
  auto wait = Duration(static_cast<int64_t>(static_cast<double>(waiting_.size()) / rate * 1e9));
  return std::clamp(wait, kSoonest, kLatest);
}
}  // namespace heddle
