// The short messages of every pushed change - begin, end and ack - and heartbeats, read from exactly the bytes that
// encode() writes, without a JSON document. Whatever differs in a single byte is not read here: it may be right all the
// same, or has an error to be named, and goes to the general reader. Both give the same message. Pure; for the decoder.
#pragma once
#include <optional>
#include <string_view>

#include "lib/api/watch_messages.h"

namespace heddle {
std::optional<SidecarMessage> read_canonical_sidecar_line(std::string_view line);
std::optional<ControlMessage> read_canonical_control_line(std::string_view line);
}  // namespace heddle
