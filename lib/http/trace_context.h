// TraceContext: which trace and which span of it a request belongs to, as the field `traceparent` says it (W3C Trace
// Context, §3.2). Pure; no allocation.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace heddle {
struct TraceContext {
  static constexpr size_t kTextSize = 55;  // "00-<32 hex>-<16 hex>-<2 hex>"
  static constexpr uint8_t kSampled = 0x01;
  static constexpr uint8_t kRandomId = 0x02;  // of a trace id made by chance (§3.2.2.5.2): passed on unchanged
  using TraceId = std::array<uint8_t, 16>;
  using SpanId = std::array<uint8_t, 8>;

  // Nothing for what is none: upper case, ids of zeros, version ff, a version 00 of another length. A later version is
  // read by its first four parts, as §4.3 asks for, and written as version 00 with the two flags above.
  static std::optional<TraceContext> parse(std::string_view traceparent) noexcept;
  std::array<char, kTextSize> text() const noexcept;
  bool is_sampled() const noexcept { return (flags & kSampled) != 0; }
  bool operator==(const TraceContext&) const = default;

  TraceId trace_id{};
  SpanId span_id{};
  uint8_t flags = 0;
};
}  // namespace heddle
