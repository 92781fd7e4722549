// PeerReader: takes what one control plane tells of its sidecars into the NodeRegistry, stream after stream. Between
// the beginning of a stream and its first `newest` the registry keeps what it had: then all rows were told, those that
// were not are dropped, and the replica counts as heard. Owned by its peer; control loop; knows no sockets.
#pragma once
#include <set>

#include "control/registry/node_registry.h"
#include "control/replicas/peer_lines.h"

namespace heddle {
class PeerReader {
 public:
  static constexpr size_t kMaxRows = 50'000;  // of one replica; its stream is closed beyond, so it is not heard

  // `name`: as the registry knows it. It is known as silent from now on.
  PeerReader(NodeRegistry&, std::string name, WallTime now);
  const std::string& name() const noexcept { return name_; }
  void begin();
  // kBadRequest, kUnsupported (another protocol), kTooLarge: close the stream.
  Result<void> on(const PeerMessage&, WallTime now);
  void end(WallTime now);
  bool is_heard() const noexcept { return is_complete_; }

 private:
  Result<void> take(const PeerHello&, WallTime now);
  Result<void> take(const PeerRow&, WallTime now);
  Result<void> take(const PeerGone&, WallTime now);
  Result<void> take(const PeerNewest&, WallTime now);
  Result<void> take(const PeerTrust&, WallTime now);
  Result<void> take(const PeerHeartbeat&, WallTime now);
  Result<void> take(const PeerIgnored&, WallTime) { return {}; }
  NodeRegistry& registry_;
  std::string name_;
  std::set<NodeKey> rows_;
  bool is_greeted_ = false;
  bool is_complete_ = false;
};
}  // namespace heddle
