// Memory of the process as a whole. Any thread.
#pragma once

namespace heddle {
// Gives the kernel back what is free: after building a configuration that is several times what is kept of it, and the
// allocator would keep it all. Takes milliseconds: not on a loop. Does nothing where the C library has no such call.
void give_back_free_memory() noexcept;
}  // namespace heddle
