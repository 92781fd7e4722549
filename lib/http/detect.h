// Detection: what the first bytes of a connection are. A pure function of a prefix: once it gives a verdict, more
// bytes do not change it. Conservative: HTTP/1 only when a whole request line has been seen, because a tunnel that is
// taken for HTTP breaks, while HTTP that is taken for a tunnel still works.
#pragma once
#include <cstdint>

#include "lib/base/bytes.h"

namespace heddle {
enum class Detected : uint8_t { kNeedMore, kHttp1, kHttp2, kTls, kOpaque };

// More than this is never needed; a caller that has waited long enough takes kNeedMore for kOpaque.
inline constexpr size_t kDetectBytes = 16 * 1024 + 64;

// `prefix`: the first bytes of the connection, contiguous. Empty: kNeedMore.
Detected detect(Bytes prefix) noexcept;
std::string_view to_text(Detected) noexcept;
}  // namespace heddle
