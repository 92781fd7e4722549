// FirstBatches: who gets the first batch of its stream when many come at once, as after a restart of a control plane:
// so many are under way at a time (sent and not answered yet), whatever they cost, and no fewer than a least rate
// begin. The others wait in the order they came: that costs a number, and they hear heartbeats meanwhile. Who would
// have to wait behind too many is told when to come back, at best to another replica. There is no limit of the total.
// Pure: time is a parameter; a subscriber is its id. Owned by the WatchHub; control loop.
#pragma once
#include <set>

#include "lib/base/work_limit.h"

namespace heddle {
class FirstBatches {
 public:
  struct Limits {
    WorkLimit::Limits work{64, 50};
    size_t waiting = 4096;
  };
  static constexpr Duration kSoonest = 1s;  // of come_back_after()
  static constexpr Duration kLatest = 30s;

  FirstBatches(Limits limits, MonoTime now) : limits_(limits), work_(limits.work, now), second_(now) {}

  // New streams had better not come.
  bool is_crowded() const noexcept { return waiting_.size() >= limits_.waiting; }
  // How long those who wait will take, by the last second.
  Duration come_back_after(MonoTime now);

  // Its first batch is due. True: it may begin, or has begun; false: it waits until next() names it.
  bool ask(uint64_t id, MonoTime now);
  // Who waited longest, if there is room: it has begun.
  std::optional<uint64_t> next(MonoTime now);
  // It was answered, needs none any more, or is gone. Whoever never asked may end, too.
  void end(uint64_t id, MonoTime now);
  // When next() will name somebody although nobody ends; nothing: nobody waits.
  std::optional<Duration> until_next(MonoTime now) const;

  size_t under_way() const noexcept { return under_way_.size(); }
  size_t waiting() const noexcept { return waiting_.size(); }

 private:
  void begin(uint64_t id, MonoTime now);
  void begin_second(MonoTime now);
  Limits limits_;
  WorkLimit work_;
  std::set<uint64_t> under_way_;
  std::set<uint64_t> waiting_;  // ids ascend as streams come
  MonoTime second_;             // since when `ended_` is counted
  size_t ended_ = 0;
  size_t ended_before_ = 0;  // in the second before
};
}  // namespace heddle
