// The bodies of `draining` and `release` (docs/watch-protocol.md). Pure.
#pragma once
#include "lib/api/watch_messages.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

namespace heddle {
// "acknowledged", as on the wire and in what people read.
std::string_view to_text(ReleaseState) noexcept;

void write_draining(JsonWriter&, const WatchDraining&);
void write_release(JsonWriter&, const WatchRelease&);
WatchDraining read_draining(const JsonReader&);
WatchRelease read_release(const JsonReader&);
}  // namespace heddle
