// How control planes name a sidecar to each other: members of one object, "instance" only where it has one.
#pragma once
#include "control/registry/node_status.h"
#include "lib/api/message_body.h"
#include "lib/base/json_writer.h"

namespace heddle {
inline void write_node_key(JsonWriter& out, const NodeKey& key) {
  out.field("identity", key.identity).field("node", key.node);
  if (!key.instance.empty()) out.field("instance", key.instance);
}

inline NodeKey read_node_key(MessageBody& body) {
  constexpr size_t kMaxIdentity = 2048;  // SPIFFE ID §2.3
  return {body->string("identity", {1, kMaxIdentity}), body->string("node", {1, kMaxNodeName}),
          body->optional_string("instance", {1, kMaxInstance}).value_or("")};
}
}  // namespace heddle
