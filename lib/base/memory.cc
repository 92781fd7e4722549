#include "lib/base/memory.h"

#include <malloc.h>

namespace heddle {
void give_back_free_memory() noexcept {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}
}  // namespace heddle
