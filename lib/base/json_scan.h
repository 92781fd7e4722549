// Strict RFC 8259 check of a whole JSON text, before any parser sees it: UTF-8, grammar, depth, duplicate names.
// jsoncpp alone accepts `01`, `+1`, `1.`, a bare `-`, raw control characters, bad UTF-8 and "\u0000".
// Errors name line and column (1-based, columns count bytes). Pure; never throws; allocates only for escaped names.
#pragma once
#include <cstddef>
#include <string_view>

#include "lib/base/result.h"

namespace heddle {
inline constexpr size_t kMaxJsonBytes = 4 << 20;
inline constexpr size_t kMaxJsonDepth = 64;

Result<void> scan_json(std::string_view text, size_t max_bytes = kMaxJsonBytes);

// Length of the well-formed UTF-8 sequence at the start of `text` (1-4), 0 when there is none.
size_t utf8_length(std::string_view text) noexcept;
bool is_utf8(std::string_view text) noexcept;
void append_utf8(std::string& out, uint32_t code_point);
}  // namespace heddle
