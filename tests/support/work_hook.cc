#include "tests/support/work_hook.h"

#include <atomic>

namespace heddle::work_hook {
namespace {
constexpr uint32_t kAtOnce = 64;  // blocks that a thread adds together: the total may lack as many of each thread
std::atomic<uint64_t> blocks{0};
// lint: thread-local the hook has no object to ask
thread_local uint32_t pending = 0;
// lint: thread-local the hook has no object to ask
thread_local bool left_out = false;
}  // namespace

uint64_t total() noexcept { return blocks.load(std::memory_order_relaxed); }
void leave_out_this_thread() noexcept { left_out = true; }
}  // namespace heddle::work_hook

// NOLINTNEXTLINE(bugprone-reserved-identifier): the compiler's name
extern "C" void __sanitizer_cov_trace_pc() {
  using namespace heddle::work_hook;
  if (++pending < kAtOnce) return;
  pending = 0;
  if (!left_out) blocks.fetch_add(kAtOnce, std::memory_order_relaxed);
}
