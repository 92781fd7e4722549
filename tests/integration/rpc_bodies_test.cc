// What an HttpServer holds of bodies: a limit for each route, enforced while the body arrives, and one for all.
#include <gtest/gtest.h>

#include "lib/net/listener.h"
#include "lib/rpc/http_client.h"
#include "lib/rpc/http_server.h"
#include "tests/support/raw_origin.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
class RpcBodies : public testing::Test {
 protected:
  RpcBodies() {
    HttpServerLimits limits;
    limits.body = 1000;
    limits.bodies = 6000;
    server_.emplace(SessionContext{loop_, registry_}, protocols_, limits);
    server_->route("POST", "/small", answer());
    server_->route("POST", "/large", answer(), 5000);
    server_->route(
        "POST", "/later", [this](const RpcRequest&, HttpServer::Respond r) { later_ = std::move(r); }, 5000);
    server_->set_on_refused([this](const RpcRequest&, const Error&) { ++refused_; });
    ListenSpec spec;
    spec.address = Address::loopback(0);
    listener_ =
        *Listener::listen(loop_, spec, cap_, [this](std::unique_ptr<Transport> t) { server_->serve(std::move(t)); });
    listener_->start();
  }
  ~RpcBodies() override {
    client_.reset();
    registry_.abort_all(make_error(Reason::kDraining, ""));
    run_until([&] { return registry_.size() == 0; });
  }
  static HttpServer::Handler answer() {
    return [](const RpcRequest& request, HttpServer::Respond respond) {
      respond(RpcResponse::text(200, std::to_string(request.body.size())));
    };
  }
  void run_until(UniqueFunction<bool()> done) {
    EXPECT_TRUE(runs_until(loop_, done)) << "nothing happened for a minute";
  }
  Pending post(std::string path, size_t size, HttpClient::OnResponse done) {
    if (client_ == nullptr) {
      HttpClientOptions options;
      options.prior_knowledge_http2 = true;
      client_ = std::make_unique<HttpClient>(SessionContext{loop_, registry_}, protocols_, connector_,
                                             listener_->address(), options);
    }
    RpcRequest request;
    request.method = "POST";
    request.path = std::move(path);
    request.body = std::string(size, 'x');
    return client_->call(std::move(request), 55s, std::move(done));
  }
  RpcResponse ask(std::string path, size_t size) {
    std::optional<Result<RpcResponse>> answered;
    Pending call = post(std::move(path), size, [&](Result<RpcResponse> r) { answered = std::move(r); });
    run_until([&] { return answered.has_value(); });
    EXPECT_TRUE(answered && *answered);
    return answered && *answered ? **std::move(answered) : RpcResponse();
  }

  Loop loop_;
  ConnectionRegistry registry_;
  Protocols protocols_{loop_, HttpLimits::mesh()};
  TcpConnector connector_{loop_};
  ConnectionCap cap_{10};
  std::optional<HttpServer> server_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<HttpClient> client_;
  HttpServer::Respond later_;
  int refused_ = 0;
};

TEST_F(RpcBodies, EveryRouteHasItsLimit) {
  EXPECT_EQ(ask("/small", 1000).status, 200);
  EXPECT_EQ(ask("/small", 1001).status, 413);
  EXPECT_EQ(ask("/large", 5000).body, "5000");
  EXPECT_EQ(ask("/large", 5001).status, 413);
}

// The rest of the body never comes.
TEST_F(RpcBodies, ABodyIsRefusedBeforeItsEnd) {
  BlockingClient client(listener_->address());
  client.send("POST /small HTTP/1.1\r\nhost: a\r\ncontent-length: 4000\r\n\r\n" + std::string(1001, 'x'));

  run_until([&] { return refused_ == 1; });
}

TEST_F(RpcBodies, WhatAllHoldTogetherIsLimitedUntilItIsAnswered) {
  std::optional<Result<RpcResponse>> first;
  Pending call = post("/later", 4000, [&](Result<RpcResponse> r) { first = std::move(r); });
  run_until([&] { return static_cast<bool>(later_); });

  EXPECT_EQ(ask("/large", 3000).status, 503);
  EXPECT_EQ(ask("/large", 2000).status, 200);
  later_(RpcResponse::text(200, "ok"));
  run_until([&] { return first.has_value(); });

  EXPECT_EQ(ask("/large", 3000).status, 200);
}
}  // namespace
}  // namespace heddle
