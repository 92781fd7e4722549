#include "proxy/telemetry/tracer.h"

#include <cstring>

namespace heddle {
namespace {
constexpr std::string_view kTraceState = "tracestate";

std::optional<TraceContext> context_of(const HeaderMap& fields) {
  if (fields.count(HeaderName::kTraceparent) != 1) return std::nullopt;
  return TraceContext::parse(*fields.get(HeaderName::kTraceparent));
}

// Never zeros: those say "none".
template <size_t N>
void fill(std::array<uint8_t, N>& id, Random& random) {
  static_assert(N % sizeof(uint64_t) == 0);
  for (size_t i = 0; i < N; i += sizeof(uint64_t)) {
    uint64_t bits = random.next() | 1;
    std::memcpy(id.data() + i, &bits, sizeof bits);
  }
}
}  // namespace

void Tracer::start_trace(TraceContext& out) {
  fill(out.trace_id, random_);
  out.flags = static_cast<uint8_t>(TraceContext::kRandomId | drawn_flag());
}

SpanIds Tracer::begin(HeaderMap& fields, bool decides) {
  SpanIds out;
  std::optional<TraceContext> caller = context_of(fields);
  if (caller) {
    out.own = *caller;
    out.parent = caller->span_id;
    if (!decides) out.own.flags = static_cast<uint8_t>((out.own.flags & TraceContext::kRandomId) | drawn_flag());
  } else {
    start_trace(out.own);
  }
  fill(out.own.span_id, random_);
  std::array<char, TraceContext::kTextSize> text = out.own.text();
  out.is_on = fields.set(HeaderName::kTraceparent, {text.data(), text.size()});
  if (out.is_on && !caller) fields.remove(kTraceState);
  return out;
}
}  // namespace heddle
