// Poison: memory that waits in a free list belongs to nobody, and AddressSanitizer is told so: without that, pools
// would hide every use after release from it. Nothing at all in other builds. Pure functions, any thread.
#pragma once
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define HEDDLE_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEDDLE_POISONS 1
#endif
#endif

#ifdef HEDDLE_POISONS
extern "C" void __asan_poison_memory_region(const volatile void*, size_t);
extern "C" void __asan_unpoison_memory_region(const volatile void*, size_t);
extern "C" int __asan_address_is_poisoned(const volatile void*);
#endif

namespace heddle {
#ifdef HEDDLE_POISONS
inline constexpr bool kPoisons = true;
// Who touches these bytes from now on is reported.
inline void poison(const void* at, size_t bytes) noexcept { __asan_poison_memory_region(at, bytes); }
inline void unpoison(const void* at, size_t bytes) noexcept { __asan_unpoison_memory_region(at, bytes); }
inline bool is_poisoned(const void* at) noexcept { return __asan_address_is_poisoned(at) != 0; }
#else
inline constexpr bool kPoisons = false;
inline void poison(const void*, size_t) noexcept {}
inline void unpoison(const void*, size_t) noexcept {}
inline bool is_poisoned(const void*) noexcept { return false; }
#endif
}  // namespace heddle
