// RequestFacts as JSON: in lines of the watch stream (docs/watch-protocol.md) and on the page of the sidecar's admin
// (docs/operations.md). Members that say nothing are left out. Strict where it is read: every limit of request_fact.h
// is checked, and a value of a header that is a secret is refused. Pure.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "lib/api/request_fact.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

namespace heddle {
void write_fact(JsonWriter&, const RequestFact&);
void write_facts(JsonWriter&, std::span<const RequestFact>);
// Problems are those of the reader's list.
RequestFact read_fact(const JsonReader&);
}  // namespace heddle
