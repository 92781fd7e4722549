// What g++ calls at every basic block of code compiled with -fsanitize-coverage=trace-pc (HEDDLE_COUNT_WORK). Not for
// use: WorkCounter is. Linked into every program of such a build; compiled without the option itself.
#pragma once
#include <cstdint>

namespace heddle::work_hook {
uint64_t total() noexcept;
void leave_out_this_thread() noexcept;
}  // namespace heddle::work_hook
