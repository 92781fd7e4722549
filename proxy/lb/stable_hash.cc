#include "proxy/lb/stable_hash.h"

#include <xxhash.h>

namespace heddle {
uint64_t stable_hash(std::string_view text) noexcept { return XXH3_64bits(text.data(), text.size()); }

uint64_t stable_hash(uint64_t of, uint64_t n) noexcept { return XXH3_64bits_withSeed(&of, sizeof of, n); }
}  // namespace heddle
