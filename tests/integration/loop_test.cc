// Requests that go round in circles end with 508 (rule H16).
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
using RequestLoop = MeshFixture;

TEST_F(RequestLoop, ARouteToTheProxyItselfAnswers508) {
  Sidecar& proxy = start_outbound(nullptr);
  proxy.publish(plain_snapshot({entry()}));

  std::string answer = BlockingClient(entry()).get("/");
  while (reason_of(answer) == "no-config") answer = BlockingClient(entry()).get("/");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 508 ")) << answer;
}

TEST_F(RequestLoop, ThroughAnApplicationThatForwardsItsRequestsAnswers508) {
  std::atomic<const Address*> gateway = nullptr;
  RawOrigin& application = add_origin([&](BlockingClient& peer, int, std::atomic<int>& requests) {
    for (std::string request; !(request = read_request(peer)).empty();) {
      ++requests;
      BlockingClient again(*gateway.load());
      again.send(request);
      peer.send(again.read_until("\r\n\r\nloop-detected"));
    }
  });
  join(application.address());
  gateway = &entry();

  std::string answer = BlockingClient(entry()).get("/");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 508 ")) << answer;
  EXPECT_EQ(application.requests(), 5);
}
}  // namespace
}  // namespace heddle
