// A storm of TLS handshakes at a sidecar (rule S5): who comes when every place is taken waits and is served.
#include <future>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
constexpr std::string_view kActive = "heddle_tls_handshakes_active";
constexpr std::string_view kDelayed = "heddle_tls_handshakes_delayed_total";

using HandshakeStorm = MeshFixture;

TEST_F(HandshakeStorm, ARequestWaitsForAPlaceAndGetsItsAnswer) {
  constexpr int64_t kPlaces = HandshakeGate::Limits{}.in_flight;
  Sidecar& inbound = add_inbound(add_answering_origin("hi").address());
  start_outbound(hello_snapshot({inbound.address()}, kServerId));
  std::vector<std::unique_ptr<BlockingClient>> storm;
  for (int64_t i = 0; i < kPlaces; ++i) {
    storm.push_back(std::make_unique<BlockingClient>(inbound.address()));
    storm.back()->send("\x16\x03\x01");  // and nothing more
  }
  wait_metric(inbound, kActive, kPlaces);
  int64_t delayed = inbound.metric(kDelayed);

  auto answer = std::async(std::launch::async, [this] { return BlockingClient(entry()).get("/"); });
  wait_metric(inbound, kDelayed, delayed + 1);
  storm.pop_back();

  EXPECT_TRUE(answer.get().ends_with("hi"));
  wait_metric(inbound, kActive, kPlaces - 1);
}
}  // namespace
}  // namespace heddle
