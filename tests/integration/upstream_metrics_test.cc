// What a sidecar counts of its backend sets while requests pass.
#include "tests/support/h2_frames.h"
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
class UpstreamCounts : public MeshFixture {
 protected:
  static void expect_counted(Sidecar& sidecar, std::string_view family, std::string_view label, int64_t value) {
    expect_counted_of(sidecar, "default/hello", family, label, value);
  }
  static void expect_counted_of(Sidecar& sidecar, std::string_view set, std::string_view family, std::string_view label,
                                int64_t value) {
    wait_metric(sidecar, str_cat(family, "{backend_set=\"", set, "\"", label.empty() ? "" : ",", label, "}"), value);
  }
};

TEST_F(UpstreamCounts, ARetryByTheReasonOfTheTryThatFailed) {
  DeadPort a;
  DeadPort b;
  start_outbound(plain_snapshot({a.address(), b.address()}));

  BlockingClient(entry()).get("/");

  expect_counted(*outbound_, "heddle_retries_total", R"(reason="upstream-connect-refused")", 1);
  expect_counted(*outbound_, "heddle_upstream_connects_total", R"(result="upstream-connect-refused")", 2);
}

TEST_F(UpstreamCounts, AReplayIsARetry) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int index, std::atomic<int>&) {
    for (int i = 0; !read_request(peer).empty() && (index > 0 || i == 0); ++i) peer.send(http_answer("hi"));
  });
  start_outbound(plain_snapshot({origin.address()}));
  BlockingClient client(entry());

  client.get("/");
  ASSERT_TRUE(client.get("/").ends_with("hi"));

  expect_counted(*outbound_, "heddle_retries_total", R"(reason="upstream-closed")", 1);
  expect_counted(*outbound_, "heddle_upstream_connects_total", R"(result="ok")", 2);
}

TEST_F(UpstreamCounts, AConnectionOnceAndItsFurtherUse) {
  start_outbound(plain_snapshot({add_answering_origin("hi").address()}));
  BlockingClient client(entry());

  client.get("/");
  client.get("/");

  expect_counted(*outbound_, "heddle_upstream_reused_total", "", 1);
  expect_counted(*outbound_, "heddle_upstream_connects_total", R"(result="ok")", 1);
  expect_counted(*outbound_, "heddle_upstream_connect_seconds_count", "", 1);
  expect_counted(*outbound_, "heddle_upstream_connections", "", 1);
}

TEST_F(UpstreamCounts, TheApplicationUnderItsAddress) {
  const Address& application = add_answering_origin("hi").address();
  join(application);

  BlockingClient(entry()).get("/");

  expect_counted_of(*inbound_.front(), application.text(), "heddle_upstream_connects_total", R"(result="ok")", 1);
}

TEST_F(UpstreamCounts, TheConnectOfATunnel) {
  join(add_answering_origin("hi").address(), PortProtocol::kTcp);

  BlockingClient(entry()).get("/");

  expect_counted(*outbound_, "heddle_upstream_connects_total", R"(result="ok")", 1);
}

// 1,024 requests may be in flight; nobody answers here.
TEST_F(UpstreamCounts, RequestsBeyondTheLimit) {
  constexpr uint32_t kCallers = 11;
  constexpr uint32_t kStreams = 100;
  RawOrigin& silent = add_origin([](BlockingClient& peer, int, std::atomic<int>&) { peer.read_all(); });
  start_outbound(plain_snapshot({silent.address()}, "http2"));

  std::vector<std::unique_ptr<BlockingClient>> callers;
  for (uint32_t i = 0; i < kCallers; ++i) {
    callers.push_back(std::make_unique<BlockingClient>(entry()));
    std::string calls = h2::client_start();
    for (uint32_t stream = 0; stream < kStreams; ++stream) {
      calls += h2::headers(2 * stream + 1, h2::get(), h2::kEndHeaders | h2::kEndStream);
    }
    callers.back()->send(calls);
  }

  expect_counted(*outbound_, "heddle_circuit_refused_total", R"(resource="requests")", kCallers * kStreams - 1024);
}
}  // namespace
}  // namespace heddle
