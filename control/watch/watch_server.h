// WatchServer: the sockets' side of the watch: answers POST /v1/watch of an HttpServer with a line stream, decodes what
// sidecars say and hands it to the WatchHub; the hub's lines go out by the stream's LineSender
// (docs/watch-protocol.md). Who is at the other end is the SPIFFE id of the verified client certificate, nothing else.
// Control loop. The streams belong to their HttpServer's calls, which must be gone before this and the hub are.
#pragma once
#include "control/watch/watch_hub.h"
#include "lib/base/log.h"
#include "lib/event/loop.h"
#include "lib/rpc/http_server.h"

namespace heddle {
class WatchServer {
 public:
  // A sidecar said who it is: the peer by its certificate, the node by its word.
  using OnPeer = UniqueFunction<void(const WatchPeer&, std::string_view node)>;
  WatchServer(Loop& loop, WatchHub& hub, Logger log, OnPeer on_peer)
      : loop_(loop), hub_(hub), log_(log), on_peer_(std::move(on_peer)) {}
  void serve_on(HttpServer&);
  size_t streams() const noexcept { return streams_; }

 private:
  class Stream;
  Result<std::unique_ptr<LineObserver>> open(const RpcRequest&, LineSender&);
  Loop& loop_;
  WatchHub& hub_;
  Logger log_;
  OnPeer on_peer_;
  size_t streams_ = 0;
};
}  // namespace heddle
