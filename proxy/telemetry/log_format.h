// An access record as one line of JSON. Keys are those of Istio's access log where it has one, flags are Envoy's; unset
// values are null, numbers are numbers, times are milliseconds. Whatever a peer put into a text cannot break the line.
// Pure.
#pragma once
#include <string>

#include "proxy/telemetry/access_record.h"

namespace heddle {
// Appends the line and its newline.
void append_json_line(std::string& out, const AccessRecord&);
}  // namespace heddle
