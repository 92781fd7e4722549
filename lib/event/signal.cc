#include "lib/event/signal.h"

#include <utility>

namespace heddle {

SignalWatch::SignalWatch(Loop& loop, int signal_number, Task on_signal)
    : on_signal_(std::move(on_signal)),
      handle_(make_uv<uv_signal_t>(this, [&loop](uv_signal_t* h) { return uv_signal_init(loop.raw(), h); })) {
  auto on_delivery = [](uv_signal_t* handle, int) {
    auto* self = static_cast<SignalWatch*>(handle->data);
    if (self == nullptr) return;
    Task task = std::move(self->on_signal_);  // the task may destroy its watch
    task();
    if (handle->data != nullptr) self->on_signal_ = std::move(task);
  };
  HEDDLE_CHECK(uv_signal_start(handle_.get(), on_delivery, signal_number) == 0);
}
}  // namespace heddle
