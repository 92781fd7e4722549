#include "lib/base/crc32c.h"

namespace heddle {
namespace {
constexpr uint32_t kPolynomial = 0x82F63B78;  // 0x1EDC6F41 with its bits reversed
}

void Crc32c::add(Bytes bytes) noexcept {
  for (std::byte byte : bytes) {
    state_ ^= std::to_integer<uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) state_ = (state_ >> 1) ^ ((state_ & 1) != 0 ? kPolynomial : 0);
  }
}
}  // namespace heddle
