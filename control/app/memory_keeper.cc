#include "control/app/memory_keeper.h"

#include <algorithm>

namespace heddle {
MemoryKeeper::MemoryKeeper(Parts parts)
    : parts_(std::move(parts)),
      at_rest_(parts_.connections()),
      before_(at_rest_),
      timer_(parts_.scheduler.timer([this] { look(); })) {
  timer_->arm(kLook);
}

void MemoryKeeper::look() {
  timer_->arm(kLook);
  size_t now = parts_.connections();
  size_t moved = std::max(now, before_) - std::min(now, before_);
  size_t since = std::max(now, at_rest_) - std::min(now, at_rest_);
  before_ = now;
  if (since < kMany || moved * 20 > since) return;  // still under way
  at_rest_ = now;
  parts_.give_back();
}
}  // namespace heddle
