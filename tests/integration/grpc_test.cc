// Our gRPC server and client over a real Unix socket. What others make of them: tests/e2e/workload_api_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/net/listener.h"
#include "lib/rpc/grpc_client.h"
#include "lib/rpc/grpc_server.h"
#include "lib/rpc/http_client.h"
#include "tests/support/run_turns.h"
#include "tests/support/temp_dir.h"

namespace heddle {
namespace {
using testing::ElementsAre;

struct Heard final : GrpcStreamObserver {
  void on_message(std::string_view message) override { messages.emplace_back(message); }
  void on_end(const GrpcEnd& how) override { end = how; }
  std::vector<std::string> messages;
  std::optional<GrpcEnd> end;
};

// Answers every message with itself; "bye" ends the call.
class Echo final : public GrpcObserver {
 public:
  Echo(GrpcCall& call, GrpcCall*& open) : call_(call), open_(open) { open_ = &call; }
  ~Echo() override { open_ = nullptr; }
  void on_message(std::string_view message) override {
    if (message == "bye") return call_.close({GrpcStatus::kOk, ""});
    static_cast<void>(call_.send(message));
  }

 private:
  GrpcCall& call_;
  GrpcCall*& open_;
};

class GrpcNetwork : public testing::Test {
 protected:
  GrpcNetwork() {
    server.route("/Test/Echo", [this](const GrpcRequest& request, GrpcCall& call) -> std::unique_ptr<GrpcObserver> {
      if (!request.find("who")) {
        call.close({GrpcStatus::kInvalidArgument, "who? 100%"});
        return nullptr;
      }
      return std::make_unique<Echo>(call, open);
    });
    ListenSpec spec;
    spec.address = address;
    auto listening = Listener::listen(
        loop, spec, cap, [this](std::unique_ptr<Transport> transport) { server.serve(std::move(transport)); });
    EXPECT_TRUE(listening);
    listener = *std::move(listening);
    listener->start();
  }
  ~GrpcNetwork() override {
    listener->stop_accepting();
    connections.abort_all(make_error(Reason::kDraining, ""));
    run_until([&] { return connections.size() == 0; });
  }
  void run_until(UniqueFunction<bool()> done) {
    EXPECT_TRUE(runs_until(loop, done)) << "nothing happened for a minute";
  }
  Pending ask(std::string message, std::string path = "/Test/Echo") {
    return client.open({std::move(path), {{"who", "me"}}, std::move(message)}, heard);
  }
  GrpcStatus status() {
    run_until([&] { return heard.end.has_value(); });
    return heard.end ? heard.end->status : GrpcStatus::kUnknown;
  }

  TempDir temp;
  Address address = *Address::from_unix(temp / "grpc.sock");
  Loop loop;
  Protocols protocols{loop, HttpLimits{}};
  ConnectionRegistry connections;
  TcpConnector connector{loop};
  ConnectionCap cap{16};
  GrpcCall* open = nullptr;
  GrpcServer server{{loop, connections}, protocols, {64, 2, {}}};
  std::unique_ptr<Listener> listener;
  GrpcClient client{{loop, connections}, protocols, connector, address};
  Heard heard;
};

TEST_F(GrpcNetwork, AnswersWithAStreamOfMessages) {
  Pending call = ask("hello");
  run_until([&] { return !heard.messages.empty(); });

  static_cast<void>(open->send("again"));
  open->close({GrpcStatus::kOk, ""});

  EXPECT_EQ(status(), GrpcStatus::kOk);
  EXPECT_THAT(heard.messages, ElementsAre("hello", "again"));
  run_until([&] { return server.calls() == 0; });
  EXPECT_EQ(open, nullptr);
}

TEST_F(GrpcNetwork, AHandlerMayRefuseBeforeItReadsAnything) {
  Pending call = client.open({"/Test/Echo", {}, "x"}, heard);

  EXPECT_EQ(status(), GrpcStatus::kInvalidArgument);
  EXPECT_EQ(heard.end->message, "who? 100%");
}

TEST_F(GrpcNetwork, AnUnknownMethodIsUnimplemented) {
  Pending call = ask("x", "/Test/Nothing");

  EXPECT_EQ(status(), GrpcStatus::kUnimplemented);
}

TEST_F(GrpcNetwork, AMessageOverTheLimitEndsTheCall) {
  Pending call = ask(std::string(65, 'x'));

  EXPECT_EQ(status(), GrpcStatus::kResourceExhausted);
  EXPECT_TRUE(heard.messages.empty());
}

TEST_F(GrpcNetwork, CarriesAMessageLargerThanTheWindow) {
  Pending call = ask("x");
  run_until([&] { return open != nullptr && !heard.messages.empty(); });
  std::string large(1024 * 1024, 'y');

  static_cast<void>(open->send(large));
  run_until([&] { return heard.messages.size() == 2; });

  EXPECT_EQ(heard.messages.back(), large);
}

TEST_F(GrpcNetwork, MoreCallsThanTheLimitAreRefused) {
  Heard first;
  Heard second;
  Pending one = client.open({"/Test/Echo", {{"who", "me"}}, "1"}, first);
  Pending two = client.open({"/Test/Echo", {{"who", "me"}}, "2"}, second);
  run_until([&] { return !first.messages.empty() && !second.messages.empty(); });

  Pending three = ask("3");

  EXPECT_EQ(status(), GrpcStatus::kResourceExhausted);
  two.reset();
  run_until([&] { return server.calls() == 1; });
  heard = {};
  Pending four = ask("bye");
  EXPECT_EQ(status(), GrpcStatus::kOk);
}

TEST_F(GrpcNetwork, ACancelledCallIsOver) {
  Pending call = ask("x");
  run_until([&] { return !heard.messages.empty(); });

  call.reset();
  run_until([&] { return server.calls() == 0; });

  EXPECT_EQ(open, nullptr);
  EXPECT_FALSE(heard.end);
}

TEST_F(GrpcNetwork, ALostConnectionIsUnavailable) {
  Pending call = ask("x");
  run_until([&] { return !heard.messages.empty(); });

  connections.abort_all(make_error(Reason::kDraining, ""));

  EXPECT_EQ(status(), GrpcStatus::kUnavailable);
}

TEST_F(GrpcNetwork, NobodyThereIsUnavailable) {
  GrpcClient other({loop, connections}, protocols, connector, *Address::from_unix(temp / "none.sock"));

  Pending call = other.open({"/Test/Echo", {}, ""}, heard);

  EXPECT_EQ(status(), GrpcStatus::kUnavailable);
  EXPECT_THAT(heard.end->message, testing::HasSubstr("none.sock"));
}

TEST_F(GrpcNetwork, WhatIsNotGrpcIsRefusedInHttp) {
  HttpClientOptions options;
  options.authority = "localhost";
  options.prior_knowledge_http2 = true;
  options.keep_connection = false;
  HttpClient http({loop, connections}, protocols, connector, address, options);
  std::vector<uint16_t> seen;
  std::vector<Pending> calls;

  for (std::string method : {"GET", "POST"}) {
    RpcRequest request;
    request.method = method;
    request.path = "/Test/Echo";
    calls.push_back(http.call(request, 50s, [&](Result<RpcResponse> answer) { seen.push_back(answer->status); }));
    run_until([&] { return seen.size() == calls.size(); });
  }

  EXPECT_THAT(seen, ElementsAre(405, 415));
}
}  // namespace
}  // namespace heddle
