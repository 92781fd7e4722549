// What a route's `retry` adds: answers and failures of idempotent requests go to another endpoint, within the budget.
#include <gtest/gtest.h>
#include <poll.h>

#include <array>

#include "tests/support/h2_origin.h"
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
class RetryPolicies : public MeshFixture {
 protected:
  void start(const std::vector<Address>& endpoints, std::string_view rule, std::string_view protocol = "http",
             std::string_view policy = "") {
    std::string yaml = str_cat(
        "apiVersion: heddle.dev/v1\nkind: Service\nmetadata: {name: hello}\nspec:\n  ports: [{port: 80}]\n---\n"
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: hello}\nspec:\n"
        "  parentRefs: [{group: '', kind: Service, name: hello}]\n  rules:\n"
        "    - {backendRefs: [{group: heddle.dev, kind: BackendSet, name: hello}], ",
        rule,
        "}\n---\napiVersion: heddle.dev/v1\nkind: BackendSet\nmetadata: {name: hello}\nspec:\n  tls: plaintext\n"
        "  protocol: ",
        protocol, "\n  loadBalancer: {policy: roundRobin}\n  endpoints:\n");
    for (const Address& endpoint : endpoints) {
      yaml.append(str_cat("    - {address: \"", endpoint.ip(), "\", port: ", std::to_string(endpoint.port()), "}\n"));
    }
    if (!policy.empty()) {
      yaml.append(
          str_cat("---\napiVersion: heddle.dev/v1\nkind: TrafficPolicy\nmetadata: {name: hello}\n"
                  "spec: {targetRefs: [{name: hello}], ",
                  policy, "}\n"));
    }
    start_outbound(snapshot_of(yaml));
  }
  // Answers with `head`, whatever is asked.
  RawOrigin& add_refusing(std::string head) {
    return add_origin([head = std::move(head)](BlockingClient& peer, int, std::atomic<int>& requests) {
      while (!read_request(peer).empty()) {
        ++requests;
        peer.send(str_cat("HTTP/1.1 ", head, "\r\ncontent-length: 4\r\n\r\nbusy"));
      }
    });
  }
};

TEST_F(RetryPolicies, AnAnswerThatIsNamedGoesToAnotherEndpoint) {
  RawOrigin& busy = add_refusing("503 Service Unavailable");
  RawOrigin& good = add_answering_origin("good");
  start({busy.address(), good.address()}, "retry: {attempts: 1, codes: [503], backoff: 1ms}");
  BlockingClient client(entry());

  for (int i = 0; i < 10; ++i) ASSERT_TRUE(client.get("/").ends_with("good"));

  EXPECT_EQ(good.requests(), 10);
  EXPECT_GE(busy.requests(), 1);
  wait_metric(*outbound_, R"(heddle_retries_total{backend_set="default/hello",reason="upstream-status"})",
              busy.requests());
}

TEST_F(RetryPolicies, TheLastAnswerIsPassedOn) {
  RawOrigin& a = add_refusing("503 Service Unavailable\r\nx-who: a");
  start({a.address()}, "retry: {attempts: 3, codes: [503], backoff: 1ms}");
  BlockingClient client(entry());

  std::string answer = client.get("/");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("x-who: a"), std::string::npos) << answer;
  EXPECT_EQ(reason_of(answer), "") << "it is the application's answer";
  EXPECT_EQ(a.requests(), 4);
}

TEST_F(RetryPolicies, OtherAnswersAndOtherMethodsStay) {
  RawOrigin& busy = add_refusing("503 Service Unavailable");
  start({busy.address()}, "retry: {attempts: 3, codes: [500], backoff: 1ms}");
  BlockingClient client(entry());
  EXPECT_TRUE(client.get("/").starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(busy.requests(), 1);
}

TEST_F(RetryPolicies, APostIsNotRepeated) {
  RawOrigin& busy = add_refusing("503 Service Unavailable");
  start({busy.address()}, "retry: {attempts: 3, codes: [503], backoff: 1ms}");
  BlockingClient client(entry());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");

  EXPECT_NE(client.read_until("\r\n\r\n").find(" 503 "), std::string::npos);
  EXPECT_EQ(busy.requests(), 1);
}

TEST_F(RetryPolicies, APutIsRepeatedWithItsBody) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>& requests) {
    for (std::string request; !(request = read_request(peer)).empty();) {
      std::string body = request.substr(request.find("\r\n\r\n") + 4);
      peer.send(++requests < 3 ? "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n" : http_answer(body));
    }
  });
  start({origin.address()}, "retry: {attempts: 5, codes: [503], backoff: 1ms}");
  BlockingClient client(entry());
  std::string body(40'000, 'b');
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n" + body);

  EXPECT_NE(client.read_until("\r\n\r\n").find(" 200 "), std::string::npos);
  EXPECT_EQ(client.read_exactly(body.size()), body);
  EXPECT_EQ(origin.requests(), 3);
}

TEST_F(RetryPolicies, ACloseWithoutAnAnswerGoesToAnotherEndpoint) {
  RawOrigin& closing = add_origin([](BlockingClient& peer, int, std::atomic<int>& requests) {
    if (!read_request(peer).empty()) ++requests;
  });
  RawOrigin& good = add_answering_origin("good");
  start({closing.address(), good.address()}, "retry: {attempts: 2, backoff: 1ms}");
  BlockingClient client(entry());

  for (int i = 0; i < 6; ++i) ASSERT_TRUE(client.get("/").ends_with("good"));
  EXPECT_GE(closing.requests(), 1);
}

TEST_F(RetryPolicies, ATryThatTakesTooLongGoesToAnotherEndpoint) {
  RawOrigin& silent = add_origin([](BlockingClient& peer, int, std::atomic<int>& requests) {
    if (!read_request(peer).empty()) ++requests;
    peer.read_all();
  });
  RawOrigin& good = add_answering_origin("good");
  start({silent.address(), good.address()},
        "timeouts: {request: 60s, backendRequest: 50ms}, retry: {attempts: 2, backoff: 1ms}");
  BlockingClient client(entry());

  for (int i = 0; i < 4; ++i) ASSERT_TRUE(client.get("/").ends_with("good"));
  EXPECT_GE(silent.requests(), 1);
}

TEST_F(RetryPolicies, AResetStreamGoesToAnotherEndpoint) {
  RawOrigin& failing =
      add_origin(h2_origin([](int, uint32_t stream) { return h2::frame(h2::kRstStream, 0, stream, h2::u32(2)); }));
  RawOrigin& good = add_origin(h2_origin([](int, uint32_t stream) { return h2_empty_answer(stream); }));
  start({failing.address(), good.address()}, "retry: {attempts: 2, backoff: 1ms}", "http2");
  BlockingClient client(entry());

  for (int i = 0; i < 4; ++i) ASSERT_TRUE(client.get("/").starts_with("HTTP/1.1 200 "));
  EXPECT_GE(failing.requests(), 1);
}

TEST_F(RetryPolicies, WhoAsksForMoreTimeThanThereIsIsNotAskedAgain) {
  RawOrigin& busy = add_refusing("503 Service Unavailable\r\nRetry-After: 3");
  start({busy.address()}, "timeouts: {request: 2s}, retry: {attempts: 3, codes: [503], backoff: 1ms}");
  BlockingClient client(entry());

  std::string answer = client.get("/");

  EXPECT_NE(answer.find("etry-"), std::string::npos) << answer;
  EXPECT_EQ(busy.requests(), 1);
}

TEST_F(RetryPolicies, AStatusOfGrpcGoesToAnotherEndpoint) {
  RawOrigin& busy = add_origin(h2_origin([](int, uint32_t stream) {
    return h2::headers(stream, {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "14"}},
                       h2::kEndHeaders | h2::kEndStream);
  }));
  RawOrigin& good = add_origin(h2_origin([](int, uint32_t stream) { return h2_empty_answer(stream); }));
  start({busy.address(), good.address()}, "name: a", "http2",
        "retry: {attempts: 2, grpcStatuses: [UNAVAILABLE], backoff: 1ms}");
  BlockingClient client(entry());

  for (int i = 0; i < 4; ++i) {
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    std::string answer = client.read_until("\r\n\r\n");
    ASSERT_EQ(answer.find("grpc-status"), std::string::npos) << answer;
  }
  EXPECT_EQ(good.requests(), 4);
  EXPECT_GE(busy.requests(), 1);
}

TEST_F(RetryPolicies, APolicyIsForRulesThatSayNothing) {
  RawOrigin& busy = add_refusing("503 Service Unavailable");
  start({busy.address()}, "retry: {attempts: 1, codes: [500]}", "http",
        "retry: {attempts: 4, codes: [503], backoff: 1ms}");
  BlockingClient client(entry());
  EXPECT_TRUE(client.get("/").starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(busy.requests(), 1);
}

TEST_F(RetryPolicies, APolicyMaySayThatAPostIsSafe) {
  RawOrigin& busy = add_refusing("503 Service Unavailable");
  start({busy.address()}, "name: a", "http", "retry: {attempts: 2, backoff: 1ms, nonIdempotent: true}");
  BlockingClient client(entry());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");

  EXPECT_NE(client.read_until("\r\n\r\n").find(" 503 "), std::string::npos);
  EXPECT_EQ(busy.requests(), 3);
}

TEST_F(RetryPolicies, ABudgetOfNothingAllowsNone) {
  RawOrigin& busy = add_refusing("503 Service Unavailable");
  start({busy.address()}, "retry: {attempts: 5, codes: [503], backoff: 1ms}", "http",
        "retryBudget: {percent: 0, minPerSecond: 0}");
  BlockingClient client(entry());
  EXPECT_TRUE(client.get("/").starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(busy.requests(), 1);
}

// The connection is cut when its second request has come, and whoever dials again waits for a handshake in vain: the
// time of the first try must not end the second one, which waits.
TEST_F(RetryPolicies, TheTimeOfATryEndsWithIt) {
  RawOrigin& application = add_answering_origin("hello");
  Sidecar& inbound = add_inbound(application.address());
  auto cut = std::make_shared<std::atomic<bool>>(false);  // the origin outlives this function
  RawOrigin& network = add_origin([&inbound, cut](BlockingClient& peer, int index, std::atomic<int>&) {
    if (index > 0) return static_cast<void>(peer.read_all());
    BlockingClient far(inbound.address());
    std::array<pollfd, 2> both = {pollfd{peer.fd(), POLLIN, 0}, pollfd{far.fd(), POLLIN, 0}};
    while (::poll(both.data(), both.size(), -1) > 0) {
      bool is_from_peer = both[0].revents != 0;
      std::string bytes = is_from_peer ? peer.read_some() : far.read_some();
      if (bytes.empty() || (is_from_peer && *cut)) return;
      (is_from_peer ? far : peer).send(bytes);
    }
  });
  start_outbound(hello_snapshot(
      {network.address()}, kServerId,
      "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: hello}\nspec:\n"
      "  parentRefs: [{group: '', kind: Service, name: hello}]\n  rules:\n"
      "    - {backendRefs: [{group: heddle.dev, kind: BackendSet, name: hello}], timeouts: {backendRequest: 1s},"
      " retry: {attempts: 2, backoff: 1ms}}\n"));
  BlockingClient client(entry());
  ASSERT_TRUE(client.get("/").ends_with("hello"));

  *cut = true;
  std::string answer = client.get("/");

  EXPECT_EQ(reason_of(answer), "pending-timeout") << answer;
  wait_metric(*outbound_, R"(heddle_retries_total{backend_set="default/hello",reason="upstream-closed"})", 1);
}

TEST_F(RetryPolicies, TheBudgetIsTheLimit) {
  RawOrigin& busy = add_refusing("503 Service Unavailable");
  start({busy.address()}, "retry: {attempts: 3, codes: [503], backoff: 1ms}", "http",
        "retryBudget: {percent: 0, minPerSecond: 1}");
  BlockingClient client(entry());

  for (int i = 0; i < 15; ++i) ASSERT_TRUE(client.get("/").starts_with("HTTP/1.1 503 "));

  EXPECT_GE(busy.requests(), 15 + 10) << "ten of ten seconds";
  EXPECT_LT(busy.requests(), 15 * 4);
  EXPECT_GE(outbound_->metric(R"(heddle_retries_over_budget_total{backend_set="default/hello"})"), 1);
}
}  // namespace
}  // namespace heddle
