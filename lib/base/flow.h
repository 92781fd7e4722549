// Flow: the answer of everything that takes bytes. kFull: accepted, but stop until on_drained(). Pure.
#pragma once
#include <cstdint>

namespace heddle {
enum class Flow : uint8_t { kOpen, kFull };
}
