// CRC32c (RFC 4960 Appendix B, Castagnoli's polynomial): for headers of a few hundred bytes, bit by bit. Pure. It finds
// accidents, never an attacker.
#pragma once
#include "lib/base/bytes.h"

namespace heddle {
class Crc32c {
 public:
  void add(Bytes) noexcept;
  uint32_t value() const noexcept { return ~state_; }

 private:
  uint32_t state_ = 0xFFFFFFFF;
};
}  // namespace heddle
