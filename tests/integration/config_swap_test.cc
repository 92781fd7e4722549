// New configuration never fails a request.
#include <gtest/gtest.h>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
using ConfigSwap = MeshFixture;

TEST_F(ConfigSwap, TwoHundredSnapshotsUnderLoadFailNothing) {
  RawOrigin& origin = add_answering_origin("hi");
  Sidecar& a = add_inbound(origin.address());
  Sidecar& b = add_inbound(origin.address());
  start_outbound(hello_snapshot({a.address()}, kServerId));
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0}, done{0};
  auto load = [&] {
    BlockingClient client(entry());
    while (!stop) {
      std::string answer = client.get("/");
      ++done;
      if (answer.ends_with("hi")) continue;
      ADD_FAILURE() << answer;
      return void(++failed);
    }
  };
  std::vector<std::thread> clients;
  clients.reserve(4);
  for (int i = 0; i < 4; ++i) clients.emplace_back(load);

  for (int i = 0; i < 200 && failed == 0; ++i) {
    std::vector<Address> endpoints = {a.address(), b.address()};
    if (i % 3 == 1) endpoints.pop_back();
    if (i % 3 == 2) endpoints.erase(endpoints.begin());
    outbound_->publish(hello_snapshot(endpoints, kServerId));
    int seen = done;
    while (done < seen + 3 && failed == 0) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& client : clients) client.join();

  EXPECT_EQ(failed, 0);
  EXPECT_GE(done, 600);
}

TEST_F(ConfigSwap, AnswersInFlightOutliveTheirEndpoint) {
  std::atomic<bool> go{false};
  RawOrigin& slow = add_origin([&](BlockingClient& peer, int, std::atomic<int>& requests) {
    if (read_request(peer).empty()) return;
    ++requests;
    while (!go) std::this_thread::yield();
    peer.send(http_answer("old"));
  });
  RawOrigin& other = add_answering_origin("new");
  start_outbound(plain_snapshot({slow.address()}));
  BlockingClient waiting(entry());
  waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  while (slow.requests() == 0) std::this_thread::yield();

  outbound_->publish(plain_snapshot({other.address()}));
  BlockingClient next(entry());
  while (!next.get("/").ends_with("new")) {
  }
  go = true;
  waiting.read_until("\r\n\r\n");

  EXPECT_EQ(waiting.read_exactly(3), "old");
}
}  // namespace
}  // namespace heddle
