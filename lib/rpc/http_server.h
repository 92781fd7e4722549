// HttpServer: routes -> handlers, for admin, control API and the watch; HTTP/1.1 and HTTP/2, plain or TLS. Not for
// proxied traffic. Belongs to one loop; handlers run on it and may answer later. Must outlive its connections: call
// stop() and run the loop until connections() is zero, or destroy it together with the loop's registry.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "lib/rpc/line_stream.h"
#include "lib/rpc/message.h"
#include "lib/rpc/route_table.h"
#include "lib/session/protocols.h"
#include "lib/session/server_session.h"

namespace heddle {

struct HttpServerLimits {
  size_t body = 1024 * 1024;          // of a request whose route says nothing else; 413 beyond, as it arrives
  size_t bodies = 256 * 1024 * 1024;  // that are held at once, of all requests; 503 beyond
  size_t line = 2 * 1024 * 1024;
  SessionLimits session;
};

class HttpServer final : private RequestHandler {
 public:
  // Call at most once, on the loop, now or later; ignored when the caller has gone. Destroyed uncalled: 500.
  using Respond = UniqueFunction<void(RpcResponse)>;
  using Handler = UniqueFunction<void(const RpcRequest&, Respond)>;
  // Returns who reads the lines, or an error to answer with. The sender lives until on_closed.
  using StreamHandler = UniqueFunction<Result<std::unique_ptr<LineObserver>>(const RpcRequest&, LineSender&)>;
  // Looked at before every handler: an error is the answer.
  using Guard = UniqueFunction<Result<void>(const RpcRequest&)>;
  // Told of who is turned away before a handler: by the guard, for a path, a method or a body there is no handler for;
  // and by TLS, with a request that has nothing but the peer.
  using OnRefused = UniqueFunction<void(const RpcRequest&, const Error&)>;

  HttpServer(const SessionContext&, Protocols&, const HttpServerLimits&);
  ~HttpServer();

  // `body`: the limit of this route instead of HttpServerLimits::body.
  void route(std::string method, std::string_view pattern, Handler, std::optional<size_t> body = std::nullopt);
  // A POST that stays open; answered with 200 and lines.
  void stream(std::string_view pattern, StreamHandler);
  void guard(Guard guard) { guard_ = std::move(guard); }
  void set_on_refused(OnRefused on_refused) { on_refused_ = std::move(on_refused); }
  // Takes over an accepted connection (after TLS, if any): HTTP/2 by ALPN or preface, else HTTP/1.1.
  void serve(std::unique_ptr<Transport>);

 private:
  class Call;
  class Detecting;
  struct Endpoint {
    Handler handler;
    StreamHandler stream;
    size_t body = 0;
  };
  void note_refused(const RpcRequest& request, const Error& why) {
    if (on_refused_) on_refused_(request, why);
  }
  void on_request(ServerStream&, RequestHead&&, bool end) override;
  ReasonDisclosure disclosure(const ConnectionInfo&) const override { return ReasonDisclosure::kName; }
  SessionContext context_;
  Protocols& protocols_;
  const HttpServerLimits limits_;
  RouteTable table_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  Guard guard_;
  OnRefused on_refused_;
  size_t largest_body_;  // of any route
  size_t held_ = 0;      // bytes of bodies
};
}  // namespace heddle
