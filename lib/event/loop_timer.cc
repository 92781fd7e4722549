#include "lib/event/loop_timer.h"

#include <utility>

namespace heddle {

LoopTimer::LoopTimer(Loop& loop, Task task)
    : task_(std::move(task)),
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
  uv_timer_start(handle_.get(), on_fire, ticks > 0 ? ticks + 1 : 0, 0);
}

void LoopTimer::cancel() { uv_timer_stop(handle_.get()); }

void LoopTimer::on_fire(uv_timer_t* handle) {
  auto* self = static_cast<LoopTimer*>(handle->data);
  if (self == nullptr) return;
  Task task = std::move(self->task_);  // the task may destroy its timer
  task();
  if (handle->data != nullptr) self->task_ = std::move(task);
}
}  // namespace heddle
