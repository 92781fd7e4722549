// CurrentReads: what the API does before it answers (docs/api.md): it waits until what it shows is the newest that
// anybody was told of, by whichever control plane (ReadIndex). Where that is not confirmed in time it answers all the
// same, and the answer says how old what it is judged by may be: `heddle-stale-since`, and `age` in seconds. Owned by
// ApiServer; control loop. Limit: 1,000 requests wait.
#pragma once
#include <map>
#include <memory>

#include "control/api/answers.h"
#include "control/store/read_index.h"
#include "lib/rpc/http_server.h"

namespace heddle {
class CurrentReads {
 public:
  static constexpr size_t kMaxWaiting = 1000;
  // `index`: null where this process is the only one that writes: then nothing waits.
  CurrentReads(ReadIndex* index, const Clock& clock) : index_(index), clock_(clock) {}

  // A handler that runs `handler` then, with a copy of the request.
  HttpServer::Handler then(HttpServer::Handler handler);
  // Everybody who waits is told that this replica leaves.
  void drain();

 private:
  using HandlerPtr = std::shared_ptr<HttpServer::Handler>;
  struct Waiting {
    HandlerPtr handler;
    RpcRequest request;
    HttpServer::Respond respond;
    Pending token;
  };
  void wait(const HandlerPtr&, const RpcRequest&, HttpServer::Respond);
  void on_read(uint64_t id, const ReadIndex::Sight&);
  HttpServer::Respond dated(HttpServer::Respond, bool is_for_reader, WallTime since) const;

  ReadIndex* index_;
  const Clock& clock_;
  std::map<uint64_t, Waiting> waiting_;
  uint64_t next_ = 1;
};
}  // namespace heddle
