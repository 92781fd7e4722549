// SpanRecord: a finished request as a span: what the access log says of it, and where it stands in its trace.
#pragma once
#include "proxy/telemetry/access_record.h"
#include "proxy/telemetry/record_ring.h"
#include "proxy/telemetry/tracer.h"

namespace heddle {
struct SpanRecord {
  AccessRecord request;
  SpanIds ids;
};
// From one worker to the SpanExporter, which owns it.
using SpanRing = RecordRing<SpanRecord>;
}  // namespace heddle
