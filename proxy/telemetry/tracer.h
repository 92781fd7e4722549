// Tracer: makes a span of a request: continues the trace that its caller began, or begins one, and writes
// `traceparent` anew, so that who gets the request sees our span as its parent (W3C Trace Context §3, §4). A sidecar
// without tracing has none and passes both fields on as they came. Belongs to one worker's loop; allocates nothing
// beyond the room of the head.
#pragma once
#include "lib/base/random.h"
#include "lib/http/head.h"
#include "lib/http/trace_context.h"

namespace heddle {
// The span of one request; off when it is not traced.
struct SpanIds {
  TraceContext own;
  TraceContext::SpanId parent{};  // zeros: the trace begins here
  bool is_on = false;
  bool is_recorded() const noexcept { return is_on && own.is_sampled(); }
  bool has_parent() const noexcept { return parent != TraceContext::SpanId{}; }
};

class Tracer {
 public:
  // `ratio`, 0-1: of traces that begin here; others are sampled as their caller says.
  Tracer(double ratio, Random& random) : ratio_(ratio), random_(random) {}
  // A field that is none, or several, begin a new trace, and what other systems say of the old one (`tracestate`) goes.
  // Off only when the head has no room left. `decides`: whether this caller may say that its trace is sampled; of
  // others the ratio decides, so that strangers do not fill the collector.
  SpanIds begin(HeaderMap& fields, bool decides = true);

 private:
  void start_trace(TraceContext&);
  uint8_t drawn_flag() { return random_.unit() < ratio_ ? TraceContext::kSampled : uint8_t{0}; }
  const double ratio_;
  Random& random_;
};
}  // namespace heddle
