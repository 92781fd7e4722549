#include "lib/base/assert.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace heddle {
namespace {
std::atomic<uint64_t> bugs{0};
}

void assert_failed(const char* what, const char* file, int line) noexcept {
  std::fprintf(stderr, "heddle: invariant broken: %s (%s:%d)\n", what, file, line);
  std::abort();
}

void bug_seen(const char* text, const char* file, int line) noexcept {
  bugs.fetch_add(1, std::memory_order_relaxed);
  std::fprintf(stderr, "heddle: bug: %s (%s:%d); please report it\n", text, file, line);
#ifdef HEDDLE_DEBUG_ASSERTS
  std::abort();
#endif
}

uint64_t bugs_seen() noexcept { return bugs.load(std::memory_order_relaxed); }
}  // namespace heddle
