// HttpClient: whole requests to one address with a deadline, and long requests that carry lines (the watch). Keeps one
// connection and reuses it; dials anew when it is gone. For control traffic and health probes, not for proxied
// requests. Belongs to one loop; must outlive its tokens.
#pragma once
#include <memory>

#include "lib/net/connector.h"
#include "lib/rpc/line_stream.h"
#include "lib/rpc/message.h"
#include "lib/session/client_session.h"
#include "lib/session/protocols.h"

namespace heddle {

struct HttpClientOptions {
  std::string authority;  // Host / :authority; default: the address
  std::string scheme = "http";
  Duration connect = 5s;
  size_t max_body = 64 * 1024 * 1024;
  size_t max_line = 2 * 1024 * 1024;
  bool prior_knowledge_http2 = false;  // without ALPN
  bool keep_connection = true;         // false: a fresh connection for each call
  SessionLimits session;
};

class HttpClient final : private ClientSession::Owner {
 public:
  using OnResponse = UniqueFunction<void(Result<RpcResponse>)>;
  HttpClient(const SessionContext&, Protocols&, Connector&, Address, HttpClientOptions);
  ~HttpClient();
  // on_response runs once, from the loop; destroying the token cancels the request.
  [[nodiscard]] Pending call(RpcRequest, Duration deadline, OnResponse);

  // A long request: lines both ways. on_open says whether the server took it (status 200) before any line arrives.
  class Lines : public LineSender, public Operation {};
  using OnOpen = UniqueFunction<void(Result<void>)>;
  // After a failed on_open or after on_closed nothing more comes. Destroying the token resets the stream in silence.
  // `observer` must outlive the token, and must not destroy it inside on_line().
  [[nodiscard]] std::unique_ptr<Lines> open_lines(RpcRequest, LineObserver& observer, OnOpen);
  // A long answer: the request is sent whole, and lines come back. on_answer gets the head of an answer of status 200,
  // before any line; of any other status the whole answer, after which nothing more comes. An answer of status 200 that
  // ends without a body is on_closed alone. The rest as open_lines(). Without a deadline: the caller has one.
  [[nodiscard]] std::unique_ptr<Lines> read_lines(RpcRequest, LineObserver& observer, OnResponse on_answer);
  // Drops the kept connection; the next call dials (the address's certificate or our identity changed).
  void forget_connection();

 private:
  class Exchange;
  friend class Exchange;
  void on_room(ClientSession&) override;
  void on_unusable(ClientSession&) override;
  void on_session_gone(ClientSession&) override;
  ClientSession* warm_session();
  ClientSession& adopt(std::unique_ptr<Transport>);

  SessionContext context_;
  Protocols& protocols_;
  Connector& connector_;
  Address address_;
  HttpClientOptions options_;
  ClientSession* session_ = nullptr;      // kept for the next call
  std::vector<ClientSession*> sessions_;  // all that are alive
};
}  // namespace heddle
