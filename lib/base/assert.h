// Three asserts, for three kinds of "cannot happen" (docs/architecture.md, Errors). Never used on input.
//   HEDDLE_ASSERT(cond)        documents an invariant; compiled out of release builds
//   HEDDLE_BUG(cond, "text")   counts and logs in release and the code goes on safely; aborts in debug builds
//   HEDDLE_CHECK(cond)         aborts always: out of memory, an answer the kernel cannot give
#pragma once
#include <cstdint>

namespace heddle {
[[noreturn]] void assert_failed(const char* what, const char* file, int line) noexcept;
void bug_seen(const char* text, const char* file, int line) noexcept;
// How many HEDDLE_BUGs this process has seen; exported as heddle_bugs_total.
uint64_t bugs_seen() noexcept;
}  // namespace heddle

#ifdef HEDDLE_DEBUG_ASSERTS
#define HEDDLE_ASSERT(cond) ((cond) ? void(0) : ::heddle::assert_failed(#cond, __FILE__, __LINE__))
#else
#define HEDDLE_ASSERT(cond) ((void)sizeof(cond))
#endif
// True when the bug happened, so the caller can write: if (HEDDLE_BUG(x == nullptr, "...")) return;
#define HEDDLE_BUG(cond, text) ((cond) ? (::heddle::bug_seen(text, __FILE__, __LINE__), true) : false)
#define HEDDLE_CHECK(cond) ((cond) ? void(0) : ::heddle::assert_failed(#cond, __FILE__, __LINE__))
