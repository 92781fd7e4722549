// A worker that is told that memory is short, as MemoryWatch does it.
#include <gtest/gtest.h>

#include <future>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
class Overload : public MeshFixture {
 protected:
  // What was posted to a worker before is done when the list of its connections comes.
  void tell(Sidecar& sidecar, Pressure pressure) {
    sidecar.worker().set_memory_pressure(pressure);
    bool heard = false;
    sidecar.worker().list_connections(loop_, [&](const std::vector<ConnectionRow>&) { heard = true; });
    loop_.run_until([&] { return heard; });
  }
  void start() { start_outbound(plain_snapshot({add_answering_origin("hi").address()})); }
  Loop loop_;
};

// The first request is under way, so its connection is not closed as an idle one; the second comes over it.
TEST_F(Overload, AFullWorkerRefusesRequestsAndSaysWhy) {
  std::promise<void> release;
  RawOrigin& origin = add_origin([held = release.get_future().share()](auto& peer, int, std::atomic<int>& requests) {
    while (!read_request(peer).empty()) {
      ++requests;
      held.wait();
      peer.send(http_answer("first"));
    }
  });
  start_outbound(plain_snapshot({origin.address()}));
  BlockingClient client(entry());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  while (origin.requests() < 1) std::this_thread::yield();

  tell(*outbound_, Pressure::kFull);
  release.set_value();
  std::string answers = client.read_all();

  EXPECT_TRUE(answers.starts_with("HTTP/1.1 200 ")) << answers;
  std::string second = answers.substr(answers.find("first") + 5);
  EXPECT_TRUE(second.starts_with("HTTP/1.1 503 ")) << answers;
  EXPECT_EQ(reason_of(second), "overload");
  EXPECT_EQ(origin.requests(), 1);
  wait_metric(*outbound_, "heddle_downstream_refused_total{listener=\"hello\",reason=\"overload\"}", 1);
}

TEST_F(Overload, NobodyIsAcceptedUntilItIsOver) {
  start();
  tell(*outbound_, Pressure::kFull);
  BlockingClient waiting(entry());  // in the kernel's queue
  waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  for (int i = 0; i < 2; ++i) tell(*outbound_, Pressure::kFull);  // whole turns in which it could be accepted
  ASSERT_EQ(outbound_->metric("heddle_downstream_accepted_total{listener=\"hello\"}"), 0);

  tell(*outbound_, Pressure::kNone);

  EXPECT_TRUE(waiting.read_until("hi").ends_with("hi"));
}

TEST_F(Overload, ATightWorkerClosesIdleConnectionsAndServesTheOthers) {
  start();
  BlockingClient idle(entry());
  ASSERT_TRUE(idle.get("/").ends_with("hi"));

  tell(*outbound_, Pressure::kTight);

  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(idle.ended(), Ended::kFin);
  BlockingClient next(entry());
  EXPECT_TRUE(next.get("/").ends_with("hi"));
}
}  // namespace
}  // namespace heddle
