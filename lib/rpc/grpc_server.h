// GrpcServer: paths -> handlers for calls whose answer is a stream of messages; HTTP/2 by prior knowledge, no TLS: for
// a Unix socket. Not for proxied traffic. Belongs to one loop; handlers run on it. Must outlive its connections. Calls
// at once are limited: more are answered with RESOURCE_EXHAUSTED. Unknown paths: UNIMPLEMENTED.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/rpc/grpc_message.h"
#include "lib/session/protocols.h"
#include "lib/session/server_session.h"

namespace heddle {

// Our side of one call; lives until its GrpcObserver is destroyed.
class GrpcCall {
 public:
  // kFull: wait for on_drained. Ignored after close() and when the caller has gone.
  [[nodiscard]] virtual Flow send(std::string_view message) = 0;
  virtual void close(GrpcEnd) = 0;  // the last word
  virtual const ConnectionInfo& connection() const = 0;

 protected:
  ~GrpcCall() = default;
};

// Made by a handler for one call, owned by the call. Destroyed at the end of the turn in which the call is over,
// whoever ended it. Upcalls come from the loop.
class GrpcObserver {
 public:
  virtual ~GrpcObserver() = default;
  virtual void on_message(std::string_view message) = 0;  // valid during the call
  virtual void on_half_closed() {}                        // no more messages; our answers may go on
  virtual void on_drained() {}
};

struct GrpcRequest {
  std::string path;                                           // "/Service/Method"
  std::vector<std::pair<std::string, std::string>> metadata;  // lower-case names

  std::optional<std::string_view> find(std::string_view lower_name) const;
};

struct GrpcServerLimits {
  size_t message = 64 * 1024;  // of a caller; RESOURCE_EXHAUSTED beyond
  size_t calls = 256;          // at once, over all connections
  SessionLimits session;       // must not change while connections live
};

class GrpcServer final : private RequestHandler {
 public:
  // May end the call at once and return null.
  using Handler = UniqueFunction<std::unique_ptr<GrpcObserver>(const GrpcRequest&, GrpcCall&)>;
  GrpcServer(const SessionContext&, Protocols&, const GrpcServerLimits&);
  ~GrpcServer();

  void route(std::string path, Handler);
  void serve(std::unique_ptr<Transport>);
  size_t calls() const noexcept { return calls_; }

 private:
  class Call;
  void on_request(ServerStream&, RequestHead&&, bool end) override;
  ReasonDisclosure disclosure(const ConnectionInfo&) const override { return ReasonDisclosure::kName; }
  SessionContext context_;
  Protocols& protocols_;
  const GrpcServerLimits limits_;
  std::map<std::string, Handler, std::less<>> handlers_;
  size_t calls_ = 0;
};
}  // namespace heddle
