// Hashes that say the same in every process and on every machine (XXH3), so that all sidecars send a key to the same
// endpoint. Not for secrets: who chooses the keys can make them collide. Pure.
#pragma once
#include <cstdint>
#include <string_view>

namespace heddle {
uint64_t stable_hash(std::string_view text) noexcept;
// The n-th of many independent hashes of one that is known already.
uint64_t stable_hash(uint64_t of, uint64_t n) noexcept;
}  // namespace heddle
