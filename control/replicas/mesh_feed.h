// MeshFeed: gives the mesh, version by version, to the control planes that follow this one: answers POST
// /v1/replicas/mesh of the watch endpoint's HttpServer (mesh_lines.h). Only for a peer with the control plane's own
// SPIFFE id; anybody else is kForbidden. Says nothing but heartbeats while we do not lead, or have not read the cluster
// yet. A follower that reads slowly, or was away for longer than the log remembers, gets the whole state instead of
// each change. Control loop. The streams belong to their HttpServer's calls, which must be gone before this is.
#pragma once
#include <set>

#include "certs/spiffe_id.h"
#include "control/replicas/mesh_lines.h"
#include "control/store/store.h"
#include "lib/base/log.h"
#include "lib/rpc/http_server.h"

namespace heddle {
class MeshFeed {
 public:
  static constexpr size_t kMaxStreams = 64;  // kOverload beyond
  struct Parts {
    Scheduler& scheduler;
    Store& store;
    std::function<bool()> may_tell;  // we lead, and what we have is the cluster
    SpiffeId self;
    Logger log;
  };
  explicit MeshFeed(Parts parts);
  void serve_on(HttpServer&);
  // may_tell() may have changed.
  void look();
  // Ends the streams and takes no new ones.
  void drain();

 private:
  class Stream;
  Result<std::unique_ptr<LineObserver>> open(const RpcRequest&, LineSender&);
  Parts parts_;
  std::set<Stream*> streams_;
  bool is_draining_ = false;
  StoreSubscription commits_;
};
}  // namespace heddle
