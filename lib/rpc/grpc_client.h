// GrpcClient: calls of one server whose answer is a stream of messages; HTTP/2 by prior knowledge, each call over a
// connection of its own (a Unix socket costs nothing). For control traffic, not for proxied requests. Belongs to one
// loop; must outlive its tokens. No keep-alive pings: gRPC servers close connections that ask often, and the kernel
// tells when the process behind a Unix socket has gone.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/net/connector.h"
#include "lib/rpc/grpc_message.h"
#include "lib/session/client_session.h"
#include "lib/session/protocols.h"

namespace heddle {

struct GrpcStreamRequest {
  std::string path;                                           // "/Service/Method"
  std::vector<std::pair<std::string, std::string>> metadata;  // lower-case names
  std::string message;                                        // the one request
  std::string authority = "localhost";
  std::string scheme = "http";
};

class GrpcStreamObserver {
 public:
  virtual void on_message(std::string_view message) = 0;  // valid during the call; must not destroy the token
  // The last upcall, once; may destroy the token. The peer's status, or UNAVAILABLE when there was none.
  virtual void on_end(const GrpcEnd&) = 0;

 protected:
  ~GrpcStreamObserver() = default;
};

class GrpcClient {
 public:
  static constexpr Duration kConnect = 5s;
  GrpcClient(const SessionContext&, Protocols&, Connector&, Address);
  // Destroying the token cancels in silence. `observer` must outlive it.
  [[nodiscard]] Pending open(GrpcStreamRequest, GrpcStreamObserver& observer);

 private:
  class Call;
  SessionContext context_;
  Protocols& protocols_;
  Connector& connector_;
  const Address address_;
};
}  // namespace heddle
