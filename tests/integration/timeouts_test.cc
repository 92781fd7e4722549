// Timeouts of a route: an application that never answers does not hold the client.
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
class Timeouts : public MeshFixture {
 protected:
  std::string answer_of_a_silent_application(std::string_view timeouts) {
    RawOrigin& silent = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
      read_request(peer);
      peer.read_all();  // until the proxy gives up
    });
    Sidecar& inbound = add_inbound(silent.address());
    std::string route = str_cat(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: hello}\nspec:\n"
        "  parentRefs: [{group: \"\", kind: Service, name: hello}]\n  rules:\n    - timeouts: ",
        timeouts, "\n      backendRefs: [{group: heddle.dev, kind: BackendSet, name: hello}]\n");
    start_outbound(hello_snapshot({inbound.address()}, kServerId, route));
    return BlockingClient(entry()).get("/");
  }
};

TEST_F(Timeouts, OfTheRequestAnswer504) {
  std::string answer = answer_of_a_silent_application("{request: 100ms}");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 504 ")) << answer;
  EXPECT_EQ(reason_of(answer), "request-timeout");
}

TEST_F(Timeouts, OfOneTryAnswer504) {
  std::string answer = answer_of_a_silent_application("{request: 10s, backendRequest: 100ms}");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 504 ")) << answer;
  EXPECT_EQ(reason_of(answer), "upstream-head-timeout");
}
}  // namespace
}  // namespace heddle
