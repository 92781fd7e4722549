// `hedge` of a TrafficPolicy: a second try beside one that has no answer; the first good head wins.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
class Hedges : public MeshFixture {
 protected:
  // The applications ask for metrics until they end.
  ~Hedges() override {
    over_ = true;
    origins_.clear();
  }
  void start(const std::vector<Address>& endpoints, std::string_view policy, std::string_view rule = "name: a") {
    std::string yaml = str_cat(
        "apiVersion: heddle.dev/v1\nkind: Service\nmetadata: {name: hello}\nspec:\n  ports: [{port: 80}]\n---\n"
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: hello}\nspec:\n"
        "  parentRefs: [{group: '', kind: Service, name: hello}]\n  rules:\n"
        "    - {backendRefs: [{group: heddle.dev, kind: BackendSet, name: hello}], ",
        rule, "}\n---\napiVersion: heddle.dev/v1\nkind: TrafficPolicy\nmetadata: {name: hello}\n",
        "spec: {targetRefs: [{name: hello}], ", policy, "}\n---\n",
        "apiVersion: heddle.dev/v1\nkind: BackendSet\nmetadata: {name: hello}\nspec:\n  tls: plaintext\n"
        "  protocol: http\n  loadBalancer: {policy: roundRobin}\n  endpoints:\n");
    for (const Address& endpoint : endpoints) {
      yaml.append(str_cat("    - {address: \"", endpoint.ip(), "\", port: ", std::to_string(endpoint.port()), "}\n"));
    }
    start_outbound(snapshot_of(yaml));
  }
  static std::string series(std::string_view result) {
    return str_cat(R"(heddle_hedges_total{backend_set="default/hello",result=")", result, R"("})");
  }
  int64_t hedges(std::string_view result) { return std::max<int64_t>(outbound_->metric(series(result)), 0); }
  template <class Condition>
  void wait(Condition condition) const {
    auto give_up = std::chrono::steady_clock::now() + 60s;
    while (!over_ && !condition() && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  }
  RawOrigin& add_silent() {
    return add_origin([](BlockingClient& peer, int, std::atomic<int>& requests) {
      if (!read_request(peer).empty()) ++requests;
      peer.read_all();  // until it is given up
    });
  }
  // Answers once it is released.
  RawOrigin& add_holding() {
    return add_origin([this](BlockingClient& peer, int, std::atomic<int>& requests) {
      for (std::string request; !(request = read_request(peer)).empty();) {
        ++requests;
        if (request.starts_with("POST ")) ++posts_;
        wait([this] { return released_.load(); });
        peer.send(http_answer("good"));
      }
    });
  }
  // Two endpoints that do the same with each request, numbered from 1 over both; the connection ends with it.
  void start_pair(std::function<void(BlockingClient&, int number)> act,
                  std::string_view policy = "hedge: {after: 20ms}", std::string_view rule = "name: a") {
    auto script = [this, act = std::move(act)](BlockingClient& peer, int, std::atomic<int>&) {
      if (!read_request(peer).empty()) act(peer, ++asked_);
    };
    RawOrigin& a = add_origin(script);
    RawOrigin& b = add_origin(script);
    start({a.address(), b.address()}, policy, rule);
  }

  std::atomic<bool> over_ = false;
  std::atomic<int> asked_ = 0;
  std::atomic<bool> released_ = false;
  std::atomic<int> posts_ = 0;
};

TEST_F(Hedges, TheSecondTryAnswersForAnEndpointThatNeverDoes) {
  RawOrigin& silent = add_silent();
  RawOrigin& good = add_answering_origin("good");
  start({silent.address(), good.address()}, "hedge: {after: 20ms}");
  BlockingClient client(entry());

  for (int i = 0; i < 6; ++i) ASSERT_TRUE(client.get("/").ends_with("good"));

  EXPECT_EQ(good.requests(), 6);
  wait([&] { return hedges("won") >= 1; });
  EXPECT_GE(hedges("won"), 1);
  EXPECT_EQ(hedges("lost") + hedges("failed") + hedges("cancelled"), 0);
}

TEST_F(Hedges, AnAnswerInTimeNeedsNone) {
  RawOrigin& a = add_answering_origin("good");
  RawOrigin& b = add_answering_origin("good");
  start({a.address(), b.address()}, "hedge: {after: 60s}");
  BlockingClient client(entry());

  for (int i = 0; i < 10; ++i) ASSERT_TRUE(client.get("/").ends_with("good"));

  EXPECT_EQ(a.requests() + b.requests(), 10);
}

TEST_F(Hedges, TheBodyGoesAlong) {
  RawOrigin& silent = add_silent();
  RawOrigin& echo = add_origin([](BlockingClient& peer, int, std::atomic<int>& requests) {
    for (std::string request; !(request = read_request(peer)).empty();) {
      ++requests;
      peer.send(http_answer(request.substr(request.find("\r\n\r\n") + 4)));
    }
  });
  start({silent.address(), echo.address()}, "hedge: {after: 20ms}");
  BlockingClient client(entry());
  std::string body(40'000, 'b');

  for (int i = 0; i < 4; ++i) {
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n" + body);
    ASSERT_NE(client.read_until("\r\n\r\n").find(" 200 "), std::string::npos);
    ASSERT_EQ(client.read_exactly(body.size()), body);
  }
  EXPECT_EQ(echo.requests(), 4);
  wait([&] { return hedges("won") >= 1; });
  EXPECT_GE(hedges("won"), 1);
}

// The GET was sent later: when it is hedged, the POST would have been.
TEST_F(Hedges, APostIsSentOnce) {
  RawOrigin& a = add_holding();
  RawOrigin& b = add_holding();
  start({a.address(), b.address()}, "hedge: {after: 20ms}");
  BlockingClient post(entry());
  post.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
  wait([&] { return posts_ == 1; });
  BlockingClient get(entry());
  get.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  wait([&] { return a.requests() + b.requests() == 3; });

  EXPECT_EQ(posts_, 1);
  released_ = true;
  EXPECT_TRUE(post.read_until("good").ends_with("good"));
  EXPECT_TRUE(get.read_until("good").ends_with("good"));
  wait([&] { return hedges("won") + hedges("lost") == 1; });
  EXPECT_EQ(hedges("won") + hedges("lost"), 1);
}

TEST_F(Hedges, APolicyMaySayThatAPostIsSafe) {
  RawOrigin& silent = add_silent();
  RawOrigin& good = add_answering_origin("good");
  start({silent.address(), good.address()}, "hedge: {after: 20ms, nonIdempotent: true}");
  BlockingClient client(entry());

  for (int i = 0; i < 4; ++i) {
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    ASSERT_TRUE(client.read_until("good").ends_with("good"));
  }
  wait([&] { return hedges("won") >= 1; });
  EXPECT_GE(hedges("won"), 1);
}

// Each request asks both: the one that answers well waits until the busy one was asked.
TEST_F(Hedges, AnAnswerThatTheRetryNamesDoesNotWin) {
  RawOrigin& busy = add_origin([](BlockingClient& peer, int, std::atomic<int>& requests) {
    while (!read_request(peer).empty()) {
      ++requests;
      peer.send("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
    }
  });
  RawOrigin& slow = add_origin([&](BlockingClient& peer, int, std::atomic<int>& requests) {
    while (!read_request(peer).empty()) {
      int asked = ++requests;
      wait([&] { return busy.requests() >= asked; });
      peer.send(http_answer("good"));
    }
  });
  start({busy.address(), slow.address()}, "hedge: {after: 20ms}", "retry: {attempts: 1, codes: [503], backoff: 1ms}");
  BlockingClient client(entry());

  for (int i = 0; i < 6; ++i) ASSERT_TRUE(client.get("/").ends_with("good"));

  EXPECT_EQ(slow.requests(), 6);
  EXPECT_EQ(busy.requests(), 6);
}

// The first try fails while the second is under way.
TEST_F(Hedges, TheSecondGoesOnWhenTheFirstFails) {
  start_pair([&](BlockingClient& peer, int number) {
    if (number == 1) return wait([&] { return asked_ == 2; });  // and its connection ends
    wait([&] { return hedges("took-over") == 1; });
    peer.send(http_answer("good"));
  });

  EXPECT_TRUE(BlockingClient(entry()).get("/").ends_with("good"));
  EXPECT_EQ(hedges("took-over"), 1);
}

TEST_F(Hedges, TheFirstGoesOnWhenTheSecondFails) {
  start_pair([&](BlockingClient& peer, int number) {
    if (number == 2) return;
    wait([&] { return hedges("failed") == 1; });
    peer.send(http_answer("good"));
  });

  EXPECT_TRUE(BlockingClient(entry()).get("/").ends_with("good"));
  EXPECT_EQ(asked_, 2);
}

TEST_F(Hedges, TheFirstMayStillWin) {
  start_pair([&](BlockingClient& peer, int number) {
    if (number == 2) return static_cast<void>(peer.read_all());  // until it is given up
    wait([&] { return asked_ == 2; });
    peer.send(http_answer("good"));
  });

  EXPECT_TRUE(BlockingClient(entry()).get("/").ends_with("good"));
  wait_metric(*outbound_, series("lost"), 1);
}

// Without a retry that names others: 502, 503 and 504.
TEST_F(Hedges, AnAnswerThatTheEndpointCouldNotServeItDoesNotWin) {
  start_pair([&](BlockingClient& peer, int number) {
    if (number == 1) {
      wait([&] { return asked_ == 2; });
      return peer.send("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
    }
    wait([&] { return hedges("took-over") == 1; });
    peer.send(http_answer("good"));
  });

  EXPECT_TRUE(BlockingClient(entry()).get("/").ends_with("good"));
  EXPECT_EQ(hedges("took-over"), 1);
}

TEST_F(Hedges, TheBudgetOfRetriesPaysForThem) {
  RawOrigin& a = add_holding();
  RawOrigin& b = add_holding();
  start({a.address(), b.address()}, "hedge: {after: 20ms}, retryBudget: {percent: 0, minPerSecond: 0}");
  BlockingClient client(entry());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

  wait_metric(*outbound_, R"(heddle_retries_over_budget_total{backend_set="default/hello"})", 1);
  released_ = true;

  EXPECT_TRUE(client.read_until("good").ends_with("good"));
  EXPECT_EQ(a.requests() + b.requests(), 1);
}

TEST_F(Hedges, AClientThatGoesEndsBoth) {
  RawOrigin& a = add_holding();
  RawOrigin& b = add_holding();
  start({a.address(), b.address()}, "hedge: {after: 20ms}");
  BlockingClient client(entry());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  wait([&] { return a.requests() + b.requests() == 2; });

  client.reset();

  wait_metric(*outbound_, series("cancelled"), 1);
  wait_metric(*outbound_, R"(heddle_upstream_connections{backend_set="default/hello"})", 0);
  released_ = true;
}

TEST_F(Hedges, TheTimeOfTheRequestEndsBoth) {
  RawOrigin& a = add_silent();
  RawOrigin& b = add_silent();
  start({a.address(), b.address()}, "hedge: {after: 20ms}", "timeouts: {request: 1s}");

  std::string answer = BlockingClient(entry()).get("/");

  EXPECT_EQ(reason_of(answer), "request-timeout") << answer;
  wait_metric(*outbound_, series("cancelled"), 1);
}

// The second has a time of its own.
TEST_F(Hedges, TheTimeOfATryEndsThatTry) {
  start_pair(
      [&](BlockingClient& peer, int number) {
        if (number == 1) return static_cast<void>(peer.read_all());  // until it is given up
        wait([&] { return hedges("took-over") == 1; });
        peer.send(http_answer("good"));
      },
      "hedge: {after: 2s}", "timeouts: {request: 60s, backendRequest: 2500ms}");

  EXPECT_TRUE(BlockingClient(entry()).get("/").ends_with("good"));
}
}  // namespace
}  // namespace heddle
