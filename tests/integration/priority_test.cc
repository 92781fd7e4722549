// A sidecar in front of its application with spec.overload: who comes in while others are under way, and under
// pressure. Callers come in plaintext, so each is a stranger, and priorities go by paths.
#include <gtest/gtest.h>

#include <future>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
constexpr std::string_view kRules =
    "priorities: [{priority: low, to: [{paths: [{type: PathPrefix, value: /batch}]}]}, "
    "{priority: critical, to: [{paths: [{type: PathPrefix, value: /repair}]}]}]";

class RequestPriorityTest : public MeshFixture {
 protected:
  std::shared_ptr<const Snapshot> snapshot(std::string_view overload) {
    return snapshot_of(
        str_cat("{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: hello}, spec: {identity: '", kServerId,
                "'", overload.empty() ? std::string() : str_cat(", overload: {", overload, "}"), "}}\n"));
  }
  // An application that answers once release_ is set.
  Sidecar& start(std::string_view overload) {
    application_ = &add_origin([held = release_.get_future().share()](auto& peer, int, std::atomic<int>& requests) {
      while (!read_request(peer).empty()) {
        ++requests;
        held.wait();
        peer.send(http_answer("done"));
      }
    });
    Sidecar& inbound = add_inbound(application_->address(), InboundTls::kOff, PortProtocol::kHttp);
    inbound.publish(snapshot(overload));
    return inbound;
  }
  // Known to the worker once the gauge is there.
  void start_limited(uint32_t limit, std::string_view rules = "") {
    std::string text = std::to_string(limit);
    start(
        str_cat("adaptiveConcurrency: {minLimit: ", text, ", maxLimit: ", text, "}", rules.empty() ? "" : ", ", rules));
    wait_metric(*inbound_[0], kInFlight, 0);
  }
  void wait_arrived(int count) {
    while (application_->requests() < count) std::this_thread::yield();
  }
  std::unique_ptr<BlockingClient> ask(std::string_view path) {
    auto client = std::make_unique<BlockingClient>(inbound_[0]->address());
    client->send(str_cat("GET ", path, " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    return client;
  }
  std::string status_of(std::string_view path) { return ask(path)->read_all().substr(9, 3); }
  void tell(Pressure pressure) {
    Loop loop;
    inbound_[0]->worker().set_memory_pressure(pressure);
    bool heard = false;
    inbound_[0]->worker().list_connections(loop, [&](const std::vector<ConnectionRow>&) { heard = true; });
    loop.run_until([&] { return heard; });
  }
  void TearDown() override {
    if (!released_) release();
  }
  void release() {
    released_ = true;
    release_.set_value();
  }

  static constexpr std::string_view kInFlight = "heddle_inbound_concurrency{listener=\"in\"}";
  std::promise<void> release_;
  bool released_ = false;
  RawOrigin* application_ = nullptr;
};

TEST_F(RequestPriorityTest, NoMoreThanTheLimitReachTheApplication) {
  start_limited(2);
  auto first = ask("/1");
  auto second = ask("/2");
  wait_arrived(2);

  std::string refused = ask("/3")->read_all();

  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  EXPECT_NE(refused.find("\r\nretry-after: 1\r\n"), std::string::npos) << refused;
  EXPECT_EQ(reason_of(refused), "");  // a stranger
  EXPECT_EQ(inbound_[0]->metric(kInFlight), 2);
  EXPECT_EQ(inbound_[0]->metric("heddle_inbound_concurrency_limit{listener=\"in\"}"), 2);
  EXPECT_EQ(application_->requests(), 2);
  release();
  EXPECT_TRUE(first->read_all().ends_with("done"));
  EXPECT_TRUE(second->read_all().ends_with("done"));
  wait_metric(*inbound_[0], kInFlight, 0);
  EXPECT_EQ(status_of("/4"), "200");
}

TEST_F(RequestPriorityTest, GrpcIsToldInItsOwnWords) {
  start_limited(1);
  auto first = ask("/1");
  wait_arrived(1);
  BlockingClient client(inbound_[0]->address());
  client.send(
      "POST /a.B/C HTTP/1.1\r\nHost: a\r\ncontent-type: application/grpc\r\ncontent-length: 0\r\nConnection: "
      "close\r\n\r\n");

  std::string refused = client.read_all();

  EXPECT_TRUE(refused.starts_with("HTTP/1.1 200 ")) << refused;
  EXPECT_NE(refused.find("\r\ngrpc-status: 8\r\n"), std::string::npos) << refused;
  EXPECT_NE(refused.find("\r\ngrpc-retry-pushback-ms: 1000\r\n"), std::string::npos) << refused;
}

TEST_F(RequestPriorityTest, WhoHangsUpGivesItsPlaceBack) {
  start_limited(1);
  auto first = ask("/1");
  wait_arrived(1);
  first->reset();

  wait_metric(*inbound_[0], kInFlight, 0);
}

TEST_F(RequestPriorityTest, LowMayUseHalfOfTheLimit) {
  start_limited(4, kRules);
  auto first = ask("/batch/1");
  auto second = ask("/batch/2");
  wait_arrived(2);

  EXPECT_EQ(status_of("/batch/3"), "503");
  auto third = ask("/other");
  wait_arrived(3);
  EXPECT_EQ(status_of("/other"), "503");  // 90 % of four is three
  auto fourth = ask("/repair");
  wait_arrived(4);
  EXPECT_EQ(status_of("/repair"), "503");  // the most that is configured

  const std::string counted = "heddle_inbound_priority_requests_total{listener=\"in\",priority=";
  EXPECT_EQ(inbound_[0]->metric(counted + "\"low\",outcome=\"limit\"}"), 1);
  EXPECT_EQ(inbound_[0]->metric(counted + "\"default\",outcome=\"limit\"}"), 1);
  EXPECT_EQ(inbound_[0]->metric(counted + "\"critical\",outcome=\"admitted\"}"), 1);
}

TEST_F(RequestPriorityTest, HealthProbesAreNeverRefused) {
  start_limited(1);
  auto first = ask("/1");
  wait_arrived(1);
  auto probe = ask("/healthz");
  wait_arrived(2);

  EXPECT_EQ(inbound_[0]->metric(kInFlight), 1);
  release();
  EXPECT_TRUE(probe->read_all().ends_with("done"));
}

TEST_F(RequestPriorityTest, UnderPressureLowGoesFirst) {
  start_limited(10, kRules);
  release();
  tell(Pressure::kTight);

  EXPECT_EQ(status_of("/batch"), "503");
  EXPECT_EQ(status_of("/other"), "200");
  EXPECT_EQ(status_of("/repair"), "200");
}

// Nobody is accepted then: requests come over a connection that is under way.
TEST_F(RequestPriorityTest, UnderFullPressureOnlyCriticalComesIn) {
  start_limited(10, kRules);
  BlockingClient client(inbound_[0]->address());
  client.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /other HTTP/1.1\r\nHost: a\r\n\r\nGET /repair HTTP/1.1\r\nHost: "
      "a\r\nConnection: close\r\n\r\n");
  wait_arrived(1);
  tell(Pressure::kFull);
  release();

  std::string answers = client.read_all();

  EXPECT_TRUE(answers.starts_with("HTTP/1.1 200 ")) << answers;
  size_t second = answers.find("HTTP/1.1", 1);
  ASSERT_NE(second, std::string::npos) << answers;
  EXPECT_EQ(answers.substr(second + 9, 3), "503") << answers;
  size_t third = answers.find("HTTP/1.1", second + 1);
  ASSERT_NE(third, std::string::npos) << answers;
  EXPECT_EQ(answers.substr(third + 9, 3), "200") << answers;
}

TEST_F(RequestPriorityTest, ItCanBeSwitchedOffWhileRequestsAreUnderWay) {
  start_limited(1);
  auto first = ask("/1");
  wait_arrived(1);
  ASSERT_EQ(status_of("/2"), "503");

  inbound_[0]->publish(snapshot(""));
  wait_metric(*inbound_[0], "heddle_inbound_concurrency_limit{listener=\"in\"}", 0);
  auto second = ask("/2");
  wait_arrived(2);
  release();

  EXPECT_TRUE(first->read_all().ends_with("done"));
  EXPECT_TRUE(second->read_all().ends_with("done"));
  wait_metric(*inbound_[0], kInFlight, 0);
}
}  // namespace
}  // namespace heddle
