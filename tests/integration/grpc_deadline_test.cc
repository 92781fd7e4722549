// grpc-timeout: a call ends when its caller stops waiting, and whoever is asked is told what is left of that time.
#include <gtest/gtest.h>

#include <mutex>

#include "lib/http/grpc_timeout.h"
#include "tests/support/h2_rig.h"
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
class GrpcDeadlines : public MeshFixture {
 protected:
  // The applications write down what they are told until they end.
  ~GrpcDeadlines() override {
    outbound_.reset();
    inbound_.clear();
    origins_.clear();
  }
  // One call over HTTP/2: what came back, a line for each event.
  static std::string call(const Address& to, std::string_view timeout, std::string_view type = "application/grpc") {
    h2::ClientRig rig;
    BlockingClient client(to);
    RequestHead head = rig.request("POST", "/a.B/C");
    EXPECT_TRUE(head.fields().add("content-type", type) && head.fields().add("grpc-timeout", timeout));
    rig.codec().open(head, true);
    while (rig.events.count(" response ") == 0 && rig.events.count(" reset ") == 0) {
      client.send(rig.out());
      std::string bytes = client.read_some();
      if (bytes.empty() || !rig.feed(bytes)) break;
    }
    return rig.events.all();
  }
  // Answers with `status` and writes down the timeouts that were told.
  RawOrigin& add_noting(std::string_view status) {
    std::string answer = str_cat("HTTP/1.1 ", status, "\r\ncontent-length: 0\r\n\r\n");
    return add_origin([this, answer](BlockingClient& peer, int, std::atomic<int>& requests) {
      for (std::string request; !(request = read_request(peer)).empty();) {
        ++requests;
        note(request);
        peer.send(answer);
      }
    });
  }
  void note(const std::string& request) {
    constexpr std::string_view kField = "\r\ngrpc-timeout: ";
    std::lock_guard guard(mutex_);
    size_t at = request.find(kField);
    size_t begin = at + kField.size();
    told_.push_back(at == std::string::npos ? "none" : request.substr(begin, request.find("\r\n", begin) - begin));
  }
  std::vector<std::string> told() {
    std::lock_guard guard(mutex_);
    return told_;
  }
  // An application that is given up may read its request a little later.
  Duration told(size_t index) {
    auto give_up = std::chrono::steady_clock::now() + 60s;
    while (told().size() <= index && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    std::vector<std::string> all = told();
    return index < all.size() ? parse_grpc_timeout(all[index]).value_or(Duration(-1)) : Duration(-1);
  }
  void start(const std::vector<Address>& endpoints, std::string_view rule, std::string_view policy = "") {
    std::string yaml = str_cat(
        "apiVersion: heddle.dev/v1\nkind: Service\nmetadata: {name: hello}\nspec:\n  ports: [{port: 80}]\n---\n"
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: hello}\nspec:\n"
        "  parentRefs: [{group: '', kind: Service, name: hello}]\n  rules:\n"
        "    - {backendRefs: [{group: heddle.dev, kind: BackendSet, name: hello}], ",
        rule,
        "}\n---\napiVersion: heddle.dev/v1\nkind: BackendSet\nmetadata: {name: hello}\nspec:\n  tls: plaintext\n"
        "  protocol: http\n  loadBalancer: {policy: roundRobin}\n  endpoints:\n");
    for (const Address& endpoint : endpoints) {
      yaml.append(str_cat("    - {address: \"", endpoint.ip(), "\", port: ", std::to_string(endpoint.port()), "}\n"));
    }
    if (!policy.empty()) {
      yaml.append(str_cat("---\napiVersion: heddle.dev/v1\nkind: TrafficPolicy\nmetadata: {name: hello}\n",
                          "spec: {targetRefs: [{name: hello}], ", policy, "}\n"));
    }
    start_outbound(snapshot_of(yaml));
  }
  RawOrigin& add_silent() {
    return add_origin([this](BlockingClient& peer, int, std::atomic<int>& requests) {
      std::string request = read_request(peer);
      if (request.empty()) return;
      note(request);
      ++requests;
      peer.read_all();  // until the proxy gives up
    });
  }

  std::mutex mutex_;
  std::vector<std::string> told_;
};

TEST_F(GrpcDeadlines, EndACallWithItsStatusAndItsReason) {
  RawOrigin& silent = add_silent();
  start({silent.address()}, "name: a");

  std::string seen = call(entry(), "200m");

  EXPECT_NE(seen.find("response 200"), std::string::npos) << seen;
  EXPECT_NE(seen.find("[grpc-status: 4]"), std::string::npos) << seen;
  EXPECT_NE(seen.find("[heddle-reason: request-timeout; limit=grpc-timeout]"), std::string::npos) << seen;
  EXPECT_NE(seen.find(" END"), std::string::npos) << "trailers only: " << seen;
}

TEST_F(GrpcDeadlines, AShorterTimeOfTheRouteIsToldAndIsTheReason) {
  RawOrigin& silent = add_silent();
  start({silent.address()}, "timeouts: {request: 1s}");

  std::string seen = call(entry(), "1H");

  EXPECT_NE(seen.find("[grpc-status: 4]"), std::string::npos) << seen;
  EXPECT_NE(seen.find("[heddle-reason: request-timeout]"), std::string::npos) << seen;
  EXPECT_GT(told(0), Duration(0));
  EXPECT_LE(told(0), Duration(1s));
}

TEST_F(GrpcDeadlines, TheTimeOfATryIsToldWhereItIsShorter) {
  RawOrigin& origin = add_noting("200 OK");
  start({origin.address()}, "timeouts: {request: 60s, backendRequest: 5s}");

  call(entry(), "30S");

  EXPECT_GT(told(0), Duration(0));
  EXPECT_LE(told(0), Duration(5s));
}

TEST_F(GrpcDeadlines, EveryTryIsToldLessThanTheOneBefore) {
  RawOrigin& busy = add_noting("503 Busy");
  start({busy.address()}, "name: a", "retry: {attempts: 3, codes: [503], backoff: 20ms, nonIdempotent: true}");

  call(entry(), "60S");

  ASSERT_EQ(told().size(), 4U);
  for (size_t i = 0; i < 3; ++i) EXPECT_LE(told(i + 1) + 20ms, told(i)) << i;
  EXPECT_LE(told(0), Duration(60s));
  EXPECT_GT(told(3), Duration(0));
}

// Nothing is begun that the caller does not wait for.
TEST_F(GrpcDeadlines, NoTryBeginsWithoutTimeForItsBackoff) {
  RawOrigin& busy = add_noting("503 Busy");
  start({busy.address()}, "name: a", "retry: {attempts: 3, codes: [503], backoff: 1s, nonIdempotent: true}");

  std::string seen = call(entry(), "900m");

  EXPECT_NE(seen.find("response 503"), std::string::npos) << seen;
  EXPECT_EQ(busy.requests(), 1);
}

TEST_F(GrpcDeadlines, APolicyCapsThem) {
  RawOrigin& origin = add_noting("200 OK");
  start({origin.address()}, "name: a", "timeouts: {maxGrpcTimeout: 7s}");

  call(entry(), "1H");
  call(entry(), "3S");

  EXPECT_GT(told(0), Duration(0));
  EXPECT_LE(told(0), Duration(7s));
  EXPECT_LE(told(1), Duration(3s));
}

TEST_F(GrpcDeadlines, APolicyOfZeroLeavesThemToTheServer) {
  RawOrigin& origin = add_noting("200 OK");
  start({origin.address()}, "timeouts: {request: 60s}", "timeouts: {maxGrpcTimeout: 0s}");

  call(entry(), "77H");
  call(entry(), "whatever");

  EXPECT_EQ(told(), (std::vector<std::string>{"77H", "whatever"}));
}

TEST_F(GrpcDeadlines, AMalformedOneIsRefused) {
  RawOrigin& origin = add_noting("200 OK");
  start({origin.address()}, "name: a");

  std::string seen = call(entry(), "1s");

  EXPECT_NE(seen.find("[grpc-status: 13]"), std::string::npos) << seen;
  EXPECT_EQ(origin.requests(), 0);
}

TEST_F(GrpcDeadlines, AreNothingToWhatIsNoGrpc) {
  RawOrigin& origin = add_noting("200 OK");
  start({origin.address()}, "name: a");

  std::string seen = call(entry(), "whatever", "application/json");

  EXPECT_NE(seen.find("response 200"), std::string::npos) << seen;
  EXPECT_EQ(told(), std::vector<std::string>{"whatever"});
}

TEST_F(GrpcDeadlines, HoldForTheSidecarOfTheServerToo) {
  RawOrigin& silent = add_silent();
  Sidecar& inbound = add_inbound(silent.address(), InboundTls::kOff);

  std::string seen = call(inbound.address(), "200m");

  EXPECT_NE(seen.find("[grpc-status: 4]"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("heddle-reason"), std::string::npos) << "a stranger is told the status: " << seen;
}

TEST_F(GrpcDeadlines, PassWhileACallWaitsForAConnection) {
  RawOrigin& silent = add_silent();
  start({silent.address()}, "name: a", "limits: {connections: 1}, timeouts: {pending: 60s}");
  BlockingClient first(entry());
  first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  static_cast<void>(told(0));  // it has the only connection

  std::string seen = call(entry(), "200m");

  EXPECT_NE(seen.find("[grpc-status: 4]"), std::string::npos) << seen;
  EXPECT_EQ(told(), std::vector<std::string>{"none"});
  EXPECT_EQ(silent.connections(), 1);
}

TEST_F(GrpcDeadlines, WhatCameTooLateDoesNotBotherTheApplication) {
  RawOrigin& application = add_answering_origin("hello");
  Sidecar& inbound = add_inbound(application.address(), InboundTls::kOff);

  std::string seen = call(inbound.address(), "0m");

  EXPECT_NE(seen.find("[grpc-status: 4]"), std::string::npos) << seen;
  EXPECT_EQ(application.connections(), 0);
}
}  // namespace
}  // namespace heddle
