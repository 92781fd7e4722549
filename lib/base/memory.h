// Memory of the process as a whole. Any thread.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace heddle {
// Gives the kernel back what is free: reading a configuration takes several times what is kept of it, and the allocator
// would keep it all. Takes milliseconds, and who allocates meanwhile may wait for some of them: not on a loop, and only
// after work on kMuchWork bytes and more. Does nothing where the C library has no such call.
void give_back_free_memory() noexcept;

inline constexpr size_t kMuchWork = 1 << 20;

// What memory.max of a cgroup says, in bytes; nothing for "max" (no limit) and for what is no number.
std::optional<size_t> parse_memory_max(std::string_view text);
// Of the container. Nothing: there is no limit.
std::optional<size_t> container_memory();
// The smaller of that and the machine's.
size_t available_memory();
// Bytes of this process that are in memory now; 0 when /proc does not say.
size_t resident_memory();

// Unmaps the pages of programs and libraries that are only read (code, constants): most were touched by the start
// alone. What is needed again is mapped again from the kernel's cache, 64 KiB at a time. Once, when the start is over;
// any thread. Nothing is lost: no such page was ever changed (but by a debugger, whose breakpoints go).
void release_startup_pages();
}  // namespace heddle
