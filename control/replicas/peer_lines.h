// The lines by which a control plane tells another one of its sidecars (docs/watch-protocol.md, "Between control
// planes"): JSON, one message per line, only from the server to the client. encode() answers the line without '\n', as
// LineSender takes it.
//   hello, trust?, row*, newest; then: trust | row | gone | newest | heartbeat, as things change
// With the first `newest` all rows were told. Strict: unknown messages and fields are errors unless the sender marked
// them as ignorable; texts and lists have the limits they have where a sidecar says them. Pure values.
#pragma once
#include <variant>

#include "control/registry/node_status.h"

namespace heddle {
inline constexpr uint32_t kPeerProtocol = 1;
inline constexpr size_t kMaxPeerLine = 1536 * 1024;  // a row with the largest nack, report and wants of a sidecar

struct PeerHello {  // first
  uint32_t protocol = kPeerProtocol;
  std::string name;
  std::string software;
  bool operator==(const PeerHello&) const = default;
};
// A sidecar that is or was connected to the sender. What a live one runs is not told: it is PeerNewest.
struct PeerRow {
  NodeStatus status;
};
struct PeerGone {  // is listed no more
  NodeKey key;
};
struct PeerNewest {
  Version version;
};
// What the sender uses itself: the digest of the roots it gives out, the pin of the root of its own certificate.
struct PeerTrust {
  std::string bundle;
  std::string authority;
  bool operator==(const PeerTrust&) const = default;
};
struct PeerHeartbeat {};  // each 5 s
struct PeerIgnored {
  std::string type;
};
using PeerMessage = std::variant<PeerHello, PeerRow, PeerGone, PeerNewest, PeerTrust, PeerHeartbeat, PeerIgnored>;

std::string encode(const PeerMessage&);
// Without copying it.
std::string encode_row(const NodeStatus&);
// kBadRequest names the field and what was expected; kTooLarge for a line above kMaxPeerLine.
Result<PeerMessage> decode_peer_message(std::string_view line);
}  // namespace heddle
