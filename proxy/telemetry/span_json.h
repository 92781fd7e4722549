// Spans as OTLP/HTTP takes them in JSON (opentelemetry-proto, "OTLP/HTTP", JSON Protobuf Encoding): hex ids, 64-bit
// numbers as strings, enums as numbers. Names of attributes are OpenTelemetry's for HTTP, and `heddle.*` for what only
// we say: the reason, the route, the backend set, the version of the configuration. Pure.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "proxy/telemetry/span_record.h"

namespace heddle {
// Who the spans are of.
struct SpanResource {
  std::string service;   // service.name
  std::string ns;        // service.namespace
  std::string instance;  // service.instance.id
  std::string version;   // of Heddle
};
// The body of POST /v1/traces; `spans`: the texts of append_span, joined with commas.
std::string otlp_body(const SpanResource&, std::string_view spans);
void append_span(std::string& out, const SpanRecord&);
}  // namespace heddle
