// Bytes: a view of raw bytes, with hex and base64. Pure. A view never owns.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace heddle {
using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(Bytes);
// Even number of [0-9a-fA-F], nothing else.
Result<std::string> from_hex(std::string_view);
// RFC 4648 §4 with padding; decoding is strict (no white space, canonical padding, zero trailing bits).
std::string to_base64(Bytes);
Result<std::string> from_base64(std::string_view);
// RFC 4648 §5 (URL alphabet), no padding.
std::string to_base64url(Bytes);
}  // namespace heddle
