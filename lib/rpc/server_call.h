// HttpServer::Call: one request to an HttpServer: collects the body up to the route's limit and runs the handler, or
// becomes a line stream. Retires itself. Private to lib/rpc.
#pragma once
#include "lib/rpc/http_server.h"

namespace heddle {

class HttpServer::Call final : public Retirable, private BodySink, private LineSender {
 public:
  Call(HttpServer& server, ServerStream& stream) : server_(server), stream_(&stream) {}
  void begin(RequestHead&&, bool end);

 private:
  // What a Respond holds on to; empty when the call is over.
  struct Link {
    Call* call = nullptr;
  };
  // BodySink
  void on_body(Buffer&&, bool end) override;
  void on_trailers(HeaderMap&&) override;
  void on_drained() override;
  void on_gone(const Error&) override;
  // LineSender
  [[nodiscard]] Flow send(std::string_view line) override;
  [[nodiscard]] Flow send_all(std::span<const std::string_view> lines) override;
  void close() override;

  void read_head(const RequestHead&);
  void dispatch();
  void start_stream();
  void on_stream_bytes(Buffer&&, bool end);
  Result<void> room_for(size_t bytes) const;
  void drop_body();
  void respond(const RpcResponse&);
  void refuse(const Error&);
  void finish();
  Respond make_respond();

  HttpServer& server_;
  ServerStream* stream_;
  RpcRequest request_;
  Endpoint* endpoint_ = nullptr;
  std::shared_ptr<Link> link_ = std::make_shared<Link>(Link{this});
  std::unique_ptr<LineObserver> lines_;
  LineSplitter splitter_{server_.limits_.line};
  size_t held_ = 0;  // of the server's budget of bodies
  size_t discarded_ = 0;
  bool request_ended_ = false;
  bool answered_ = false;
  bool local_ended_ = false;
  bool head_only_ = false;
  bool finished_ = false;
};
}  // namespace heddle
