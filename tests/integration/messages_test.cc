// Every kind of message through both sidecars: what has a body and what has none, what ends how.
#include <gtest/gtest.h>

#include <poll.h>

#include <future>

#include "tests/support/h2_frames.h"
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
class Messages : public MeshFixture {
 protected:
  // Each request is answered by these bytes; the connection stays.
  void answer_with(std::string bytes) {
    RawOrigin& origin = add_origin([this, bytes = std::move(bytes)](BlockingClient& peer, int, std::atomic<int>&) {
      for (std::string request; !(request = read_request(peer)).empty();) {
        seen_ = request;
        peer.send(bytes);
      }
    });
    join(origin.address());
  }
  // These bytes and then the end.
  void answer_and_end(std::string bytes) {
    RawOrigin& origin = add_origin([bytes = std::move(bytes)](BlockingClient& peer, int, std::atomic<int>&) {
      if (!read_request(peer).empty()) peer.send(bytes);
    });
    join(origin.address());
  }
  std::string seen_;  // the last request the origin got; read it after its answer came
};

TEST_F(Messages, HeadHasALengthAndNoBody) {
  answer_with("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
  BlockingClient client(entry());

  for (int i = 0; i < 3; ++i) {
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    std::string head = client.read_until("\r\n\r\n");
    ASSERT_NE(head.find("content-length: 1000\r\n"), std::string::npos) << head;
  }
}

TEST_F(Messages, NoContentAndNotModifiedHaveNoBody) {
  for (std::string status : {"204 No Content", "304 Not Modified"}) {
    answer_with("HTTP/1.1 " + status + "\r\n\r\n");
    BlockingClient client(entry());
    for (int i = 0; i < 3; ++i) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      ASSERT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 " + status.substr(0, 3)));
    }
    outbound_.reset();
    inbound_.clear();
    origins_.clear();
  }
}

TEST_F(Messages, ExpectContinueIsAnsweredByTheApplication) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
    std::string head = peer.read_until("\r\n\r\n");
    if (head.find("xpect: 100-continue") == std::string::npos) return;
    peer.send("HTTP/1.1 100 Continue\r\n\r\n");
    peer.send(http_answer(peer.read_exactly(5)));
  });
  join(origin.address());
  BlockingClient client(entry());

  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  std::string interim = client.read_until("\r\n\r\n");
  client.send("12345");
  client.read_until("\r\n\r\n");

  EXPECT_TRUE(interim.starts_with("HTTP/1.1 100 ")) << interim;
  EXPECT_EQ(client.read_exactly(5), "12345");
}

TEST_F(Messages, EarlyHintsPass) {
  answer_with("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + http_answer("x"));
  BlockingClient client(entry());

  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string early = client.read_until("\r\n\r\n");
  client.read_until("\r\n\r\n");

  EXPECT_NE(early.find("link: </a>"), std::string::npos) << early;
  EXPECT_EQ(client.read_exactly(1), "x");
}

TEST_F(Messages, NoHeadOfAnApplicationCarriesAReason) {
  const std::string forged = "heddle-reason: forged\r\nx-real: yes\r\n";
  answer_with("HTTP/1.1 100 Continue\r\n" + forged + "\r\nHTTP/1.1 103 Early Hints\r\n" + forged + "\r\n" +
              http_answer("x", forged));
  BlockingClient client(entry());

  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  for (std::string status : {"100", "103", "200"}) {
    std::string head = client.read_until("\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 " + status)) << head;
    EXPECT_NE(head.find("x-real: yes"), std::string::npos) << head;
    EXPECT_EQ(reason_of(head), "") << head;
  }
}

TEST_F(Messages, TrailersPassForThoseWhoAskForThem) {
  answer_with("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 7\r\n\r\n");
  BlockingClient client(entry());

  client.send("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
  std::string answer = client.read_until("x-sum: 7\r\n\r\n");

  EXPECT_TRUE(answer.ends_with("x-sum: 7\r\n\r\n")) << answer;
}

TEST_F(Messages, AHalfClosedClientGetsItsAnswer) {
  answer_with(http_answer("hello"));
  BlockingClient client(entry());

  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.finish();

  EXPECT_TRUE(client.read_all().ends_with("hello"));
}

TEST_F(Messages, ABodyUntilTheCloseEndsCleanly) {
  answer_and_end("HTTP/1.1 200 OK\r\n\r\nall of it");
  BlockingClient client(entry());

  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  std::string answer = client.read_all();

  EXPECT_NE(answer.find("all of it"), std::string::npos) << answer;
  EXPECT_EQ(client.ended(), Ended::kFin);
}

TEST_F(Messages, ATruncatedBodyIsAResetOnHttp1) {
  for (std::string bytes : {"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
                            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"}) {
    answer_and_end(bytes);
    BlockingClient client(entry());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

    std::string answer = client.read_all();

    EXPECT_EQ(answer.find("\r\n0\r\n"), std::string::npos) << answer;
    EXPECT_EQ(client.ended(), Ended::kReset);
    outbound_.reset();
    inbound_.clear();
    origins_.clear();
  }
}

TEST_F(Messages, ATruncatedBodyIsAResetStreamOnHttp2) {
  answer_and_end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
  BlockingClient client(entry());
  client.send(h2::client_start() + h2::headers(1, h2::get(), h2::kEndHeaders | h2::kEndStream));

  std::string bytes;
  while (h2::only(h2::kRstStream, bytes).empty()) {
    std::string more = client.read_some();
    ASSERT_FALSE(more.empty());
    bytes += more;
  }

  for (const h2::Frame& frame : h2::only(h2::kData, bytes)) EXPECT_EQ(frame.flags & h2::kEndStream, 0);
}

// A reset says that nobody reads any more; an end of input does not (AHalfClosedClientGetsItsAnswer).
TEST_F(Messages, AClientThatResetsCancelsItsRequest) {
  std::promise<Ended> seen;
  RawOrigin& origin = add_origin([&](BlockingClient& peer, int, std::atomic<int>&) {
    read_request(peer);
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
    peer.read_all();
    seen.set_value(peer.ended());
  });
  join(origin.address());
  BlockingClient client(entry());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.read_until("half");

  client.reset();

  EXPECT_NE(seen.get_future().get(), Ended::kNot);
}

// After a half-close only writing can find out that the peer is not there any more.
TEST_F(Messages, AClientThatClosesCancelsItsRequestWithTheNextBytes) {
  std::promise<Ended> seen;
  RawOrigin& origin = add_origin([&](BlockingClient& peer, int, std::atomic<int>&) {
    read_request(peer);
    peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    for (pollfd p{peer.fd(), POLLIN, 0}; poll(&p, 1, 10) == 0;) peer.send("4\r\nmore\r\n");
    peer.read_all();
    seen.set_value(peer.ended());
  });
  join(origin.address());
  BlockingClient client(entry());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.read_until("half");

  client.close();

  EXPECT_NE(seen.get_future().get(), Ended::kNot);
}

TEST_F(Messages, AWebSocketIsOpaqueInBothDirections) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
    std::string head = peer.read_until("\r\n\r\n");
    if (head.find("pgrade: websocket\r\n") == std::string::npos) return;
    peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello");
    peer.send("echo " + peer.read_exactly(4));
  });
  join(origin.address());
  BlockingClient client(entry());

  client.send(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  std::string head = client.read_until("\r\n\r\n");
  std::string greeting = client.read_exactly(5);
  client.send(std::string("\x81\x02\0\xff", 4));

  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  EXPECT_EQ(greeting, "hello");
  EXPECT_EQ(client.read_all(), "echo " + std::string("\x81\x02\0\xff", 4));
}
}  // namespace
}  // namespace heddle
