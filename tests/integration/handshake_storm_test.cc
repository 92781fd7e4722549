// A storm of TLS handshakes at a sidecar (rule S5): who comes when every place is taken waits and is served.
#include <future>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
class HandshakeStorm : public MeshFixture {
 protected:
  static int64_t value_of(Sidecar& sidecar, const std::string& metric) {
    std::string text = sidecar.metrics().render();
    size_t at = text.find("\n" + metric + "{side=\"server\"} ");
    if (at == std::string::npos) return -1;
    return std::stoll(text.substr(text.find("} ", at) + 2));
  }
  template <class Done>
  static void wait_for(Done done) {
    for (auto until = std::chrono::steady_clock::now() + 20s; !done();) {
      ASSERT_LT(std::chrono::steady_clock::now(), until);
      std::this_thread::yield();
    }
  }
};

TEST_F(HandshakeStorm, ARequestWaitsForAPlaceAndGetsItsAnswer) {
  constexpr int64_t kPlaces = HandshakeGate::Limits{}.in_flight;
  Sidecar& inbound = add_inbound(add_answering_origin("hi").address());
  start_outbound(hello_snapshot({inbound.address()}, kServerId));
  std::vector<std::unique_ptr<BlockingClient>> storm;
  for (int64_t i = 0; i < kPlaces; ++i) {
    storm.push_back(std::make_unique<BlockingClient>(inbound.address()));
    storm.back()->send("\x16\x03\x01");  // and nothing more
  }
  wait_for([&] { return value_of(inbound, "heddle_tls_handshakes_active") == kPlaces; });
  int64_t delayed = value_of(inbound, "heddle_tls_handshakes_delayed_total");

  auto answer = std::async(std::launch::async, [this] { return BlockingClient(entry()).get("/"); });
  wait_for([&] { return value_of(inbound, "heddle_tls_handshakes_delayed_total") == delayed + 1; });
  storm.pop_back();

  EXPECT_TRUE(answer.get().ends_with("hi"));
  EXPECT_EQ(value_of(inbound, "heddle_tls_handshakes_active"), kPlaces - 1);
}
}  // namespace
}  // namespace heddle
