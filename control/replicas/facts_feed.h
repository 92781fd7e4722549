// FactsFeed: answers another control plane what our sidecars remember of their requests: POST /v1/replicas/facts of the
// watch endpoint's HttpServer, only for a peer that has the control plane's own SPIFFE id; anybody else is kForbidden
// (403). Who asked the other one, and whether he may, was judged and audited there. Control loop; must outlive the
// calls of the HttpServer.
#pragma once
#include <map>

#include "certs/spiffe_id.h"
#include "control/replicas/peer_facts.h"
#include "control/watch/watch_hub.h"
#include "lib/base/log.h"
#include "lib/rpc/http_server.h"

namespace heddle {
class FactsFeed {
 public:
  static constexpr size_t kMaxQuestions = 8;  // under way; kOverload beyond
  FactsFeed(WatchHub& hub, const SpiffeId& self, Logger log) : hub_(hub), self_(self), log_(log) {}
  void serve_on(HttpServer&);
  // Whoever waits is told that this replica leaves, and who comes.
  void drain();

 private:
  struct Question {
    HttpServer::Respond respond;
    Pending fetch;
  };
  void answer(const RpcRequest&, HttpServer::Respond);
  WatchHub& hub_;
  SpiffeId self_;
  Logger log_;
  std::map<uint64_t, Question> questions_;
  uint64_t next_ = 1;
  bool is_draining_ = false;
};
}  // namespace heddle
