// What a sidecar says of itself, as JSON: one codec for the watch stream and for what control planes tell each other of
// it (control/replicas). Each writes one object, and reads one; problems are those of the reader's list. Pure.
#pragma once
#include "lib/api/watch_messages.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

namespace heddle {
// Texts beyond kMaxNackMessage are cut: a refusal must not cost the stream as well.
void write_nack(JsonWriter&, const WatchNack&);
void write_report(JsonWriter&, const WatchReport&);
void write_trust_in_use(JsonWriter&, const WatchTrustInUse&);
WatchNack read_nack(const JsonReader&);
WatchReport read_report(const JsonReader&);
WatchTrustInUse read_trust_in_use(const JsonReader&);
}  // namespace heddle
