// Two sidecars in one process: what a client and an application see of the mesh between them.
#include <gtest/gtest.h>

#include "tests/support/blocking_http.h"
#include "tests/support/two_sidecars.h"

namespace heddle {
namespace {
constexpr std::string_view kServer = "spiffe://cluster.local/ns/default/sa/hello";
constexpr std::string_view kClient = "spiffe://cluster.local/ns/default/sa/client";

class Mesh : public testing::Test {
 protected:
  void start(BlockingOrigin::Handler handler, std::string_view server_id = kServer) {
    origin_ = std::make_unique<BlockingOrigin>(std::move(handler));
    inbound_ = std::make_unique<Sidecar>(inbound_settings(origin_->address()));
    inbound_->publish(identity_of(ca_.issue(server_id), ca_.bundle()));
    ASSERT_TRUE(inbound_->start());
    outbound_ = std::make_unique<Sidecar>(outbound_settings());
    outbound_->publish(identity_of(ca_.issue(kClient), ca_.bundle()));
    outbound_->publish(hello_snapshot({inbound_->address()}, kServer));
    ASSERT_TRUE(outbound_->start());
  }
  TestCa ca_{"cluster.local"};
  std::unique_ptr<BlockingOrigin> origin_;
  std::unique_ptr<Sidecar> inbound_;
  std::unique_ptr<Sidecar> outbound_;
};

TEST_F(Mesh, CarriesARequestOverMutualTls) {
  start([](auto&, auto&) { return http_answer("hello"); });
  BlockingClient client(outbound_->address());

  std::string answer = client.get("/");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nhello")) << answer;
}

TEST_F(Mesh, KeepsConnectionsOnBothSides) {
  start([](auto&, auto&) { return http_answer("hello"); });
  BlockingClient client(outbound_->address());

  for (int i = 0; i < 50; ++i) ASSERT_TRUE(client.get("/").ends_with("hello"));

  EXPECT_EQ(origin_->requests(), 50);
  EXPECT_EQ(origin_->connections(), 1);
}

TEST_F(Mesh, RefusesAServerWithAnotherIdentity) {
  start([](auto&, auto&) { return http_answer("hello"); }, "spiffe://cluster.local/ns/default/sa/other");
  BlockingClient client(outbound_->address());

  std::string answer = client.get("/");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("heddle-reason: upstream-identity-unexpected"), std::string::npos) << answer;
  EXPECT_EQ(origin_->requests(), 0);
}

TEST_F(Mesh, CarriesBodiesBothWays) {
  start([](auto&, const std::string& body) { return http_answer(body); });
  BlockingClient client(outbound_->address());
  std::string body(3'000'000, 'x');

  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n" + body);
  std::string head = client.read_until("\r\n\r\n");

  EXPECT_NE(head.find("200 OK"), std::string::npos) << head;
  EXPECT_EQ(client.read_exactly(3'000'000), body);
}

TEST_F(Mesh, AnswersPipelinedRequestsInOrder) {
  start([](const std::string& head, auto&) { return http_answer(head.substr(4, 3)); });
  BlockingClient client(outbound_->address());
  std::string all;
  for (int i = 10; i < 60; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";

  client.send(all);

  for (int i = 10; i < 60; ++i) {
    client.read_until("\r\n\r\n");
    EXPECT_EQ(client.read_exactly(3), "/" + std::to_string(i));
  }
}

TEST_F(Mesh, SaysThatTheApplicationIsUnreachable) {
  start([](auto&, auto&) { return http_answer("hello"); });
  origin_.reset();
  BlockingClient client(outbound_->address());

  std::string answer = client.get("/");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("heddle-reason: upstream-refused-stream"), std::string::npos) << answer;
}

TEST_F(Mesh, AnswersABadRequestItself) {
  start([](auto&, auto&) { return http_answer("hello"); });
  BlockingClient client(outbound_->address());

  client.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string answer = client.read_all();

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_EQ(origin_->requests(), 0);
}
}  // namespace
}  // namespace heddle
