// Memory of the process as a whole. Any thread.
#pragma once
#include <cstddef>

namespace heddle {
// Gives the kernel back what is free: reading a configuration takes several times what is kept of it, and the allocator
// would keep it all. Takes milliseconds, and who allocates meanwhile may wait for some of them: not on a loop, and only
// after work on kMuchWork bytes and more. Does nothing where the C library has no such call.
void give_back_free_memory() noexcept;

inline constexpr size_t kMuchWork = 1 << 20;
}  // namespace heddle
