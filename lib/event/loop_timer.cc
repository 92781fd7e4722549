#include "lib/event/loop_timer.h"

#include <utility>

namespace heddle {

LoopTimer::LoopTimer(Loop& loop, Task task)
    : loop_(loop),
      task_(std::move(task)),
      handle_(make_uv<uv_timer_t>(this, [&loop](uv_timer_t* h) { return uv_timer_init(loop.raw(), h); })) {}

uint64_t LoopTimer::to_ticks(Duration duration) {
  constexpr Duration kTick = std::chrono::milliseconds(1);
  if (duration <= Duration{}) return 0;
  return static_cast<uint64_t>((duration + kTick - Duration{1}) / kTick);
}

void LoopTimer::arm(Duration after) {
  uint64_t ticks = to_ticks(after);
  // libuv counts from the whole millisecond before the start of its turn: without both it would fire early.
  if (ticks > 0) uv_update_time(handle_->loop);
  // A timer for now that is armed by a timer must not fire in this turn, as it would with libuv 1.44: who works
  // on in slices wants what it wrote to leave between them.
  uint64_t soonest = loop_.fires_timer_ ? 1 : 0;
  uv_timer_start(handle_.get(), on_fire, ticks > 0 ? ticks + 1 : soonest, 0);
}

void LoopTimer::cancel() { uv_timer_stop(handle_.get()); }

void LoopTimer::on_fire(uv_timer_t* handle) {
  auto* self = static_cast<LoopTimer*>(handle->data);
  if (self == nullptr) return;
  Task task = std::move(self->task_);  // the task may destroy its timer
  bool& fires_timer = self->loop_.fires_timer_;
  fires_timer = true;
  task();
  fires_timer = false;
  if (handle->data != nullptr) self->task_ = std::move(task);
}
}  // namespace heddle
