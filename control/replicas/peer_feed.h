// PeerFeed: tells other control planes of our sidecars: answers POST /v1/replicas/watch of the watch endpoint's
// HttpServer with a line stream (peer_lines.h). Only for a peer whose verified certificate has the control plane's own
// SPIFFE id; anybody else is kForbidden (403). All rows at once, then each kLook what has changed, and a heartbeat each
// kHeartbeat. A peer that reads slowly gets fewer and newer looks: never more than one is unsent. Control loop. The
// streams belong to their HttpServer's calls, which must be gone before this is.
#pragma once
#include <set>

#include "certs/spiffe_id.h"
#include "control/replicas/peer_lines.h"
#include "control/replicas/peer_rows.h"
#include "lib/base/log.h"
#include "lib/rpc/http_server.h"

namespace heddle {
class PeerFeed {
 public:
  static constexpr std::string_view kPath = "/v1/replicas/watch";
  static constexpr Duration kLook = 500ms;
  static constexpr Duration kHeartbeat = 5s;
  static constexpr size_t kMaxStreams = 64;  // kOverload beyond
  struct Parts {
    Scheduler& scheduler;
    const NodeRegistry& registry;
    std::function<Version()> newest;  // of the store
    SpiffeId self;
    PeerHello hello;
    Logger log;
    std::function<PeerTrust()> trust{};  // what we use ourselves
    std::function<void()> on_open{};     // somebody listens, who may be new
  };
  explicit PeerFeed(Parts parts) : parts_(std::move(parts)) {}
  void serve_on(HttpServer&);
  // Ends the streams in order and takes no new ones: this replica leaves.
  void drain();
  size_t streams() const noexcept { return streams_.size(); }

 private:
  class Stream;
  Result<std::unique_ptr<LineObserver>> open(const RpcRequest&, LineSender&);
  Parts parts_;
  std::set<Stream*> streams_;
  bool is_draining_ = false;
};

// Whether the request came from a control plane of this mesh: kForbidden if not.
Result<void> check_is_replica(const RpcRequest&, const SpiffeId& self);
}  // namespace heddle
