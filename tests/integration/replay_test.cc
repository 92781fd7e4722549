// The keep-alive race: a request that fails without an answer's byte on a reused connection is sent once more, on a
// fresh connection to the same endpoint, and then never to another.
#include <gtest/gtest.h>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
// Answers one request per connection and hangs up when the second has come.
void one_request_each(BlockingClient& peer, int, std::atomic<int>& requests) {
  if (read_request(peer).empty()) return;
  ++requests;
  peer.send(http_answer("hello"));
  read_request(peer);
}

using Replay = MeshFixture;

TEST_F(Replay, AnOriginThatHangsUpAtReuseIsNeverSeen) {
  RawOrigin& origin = add_origin(one_request_each);
  join(origin.address());
  BlockingClient client(entry());

  for (int i = 0; i < 10'000; ++i) {
    std::string answer = client.get("/");
    ASSERT_TRUE(answer.ends_with("hello")) << i << ": " << answer;
  }

  EXPECT_EQ(origin.requests(), 10'000);
}

TEST_F(Replay, AnOriginThatClosesAfterEachAnswerIsNeverSeen) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
    if (!read_request(peer).empty()) peer.send(http_answer("hello"));  // keep-alive promised, then FIN
  });
  join(origin.address());
  BlockingClient client(entry());

  for (int i = 0; i < 3000; ++i) {
    std::string answer = client.get("/");
    ASSERT_TRUE(answer.ends_with("hello")) << i << ": " << answer;
  }
}

TEST_F(Replay, HappensOnceAndNeverElsewhere) {
  RawOrigin& bad = add_origin([](BlockingClient& peer, int index, std::atomic<int>& requests) {
    for (int i = 0; !read_request(peer).empty(); ++i) {
      ++requests;
      if (index > 0 || i > 0) return;
      peer.send(http_answer("first"));
    }
  });
  start_outbound(plain_snapshot({bad.address()}));
  BlockingClient client(entry());
  ASSERT_TRUE(client.get("/").ends_with("first"));
  RawOrigin& good = add_answering_origin("good");
  outbound_->publish(plain_snapshot({bad.address(), good.address()}));

  int failed = 0;
  for (int i = 0; i < 2; ++i) failed += reason_of(client.get("/")) == "upstream-closed" ? 1 : 0;

  EXPECT_EQ(failed, 1);
  EXPECT_EQ(bad.requests(), 3);  // the first, the reused one, its replay
  EXPECT_EQ(good.requests(), 1);
}

TEST_F(Replay, SendsTheWholeBodyAgain) {
  std::string body(60'000, 'r');
  std::string seen;
  RawOrigin& origin = add_origin([&](BlockingClient& peer, int index, std::atomic<int>&) {
    for (int i = 0;; ++i) {
      std::string request = read_request(peer);
      if (request.empty() || (index == 0 && i == 1)) return;
      if (index == 1) seen = request.substr(request.find("\r\n\r\n") + 4);
      peer.send(http_answer("ok"));
    }
  });
  join(origin.address());
  BlockingClient client(entry());
  ASSERT_TRUE(client.get("/").ends_with("ok"));

  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n" + body);
  std::string head = client.read_until("\r\n\r\n");

  EXPECT_NE(head.find(" 200 "), std::string::npos) << head;
  EXPECT_EQ(client.read_exactly(2), "ok");
  EXPECT_EQ(seen, body);
}

TEST_F(Replay, ABodyTooLongToKeepIsNotSentAgain) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int index, std::atomic<int>& requests) {
    for (int i = 0; !read_request(peer).empty(); ++i) {
      ++requests;
      if (index == 0 && i == 1) return;
      peer.send(http_answer("ok"));
    }
  });
  join(origin.address());
  BlockingClient client(entry());
  ASSERT_TRUE(client.get("/").ends_with("ok"));

  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'r'));
  std::string head = client.read_until("\r\n\r\n");

  EXPECT_TRUE(head.starts_with("HTTP/1.1 502 ")) << head;
  EXPECT_EQ(origin.requests(), 2);
}

TEST_F(Replay, HalfAHeadIsAByteOfTheAnswer) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>& requests) {
    for (int i = 0; !read_request(peer).empty(); ++i) {
      ++requests;
      if (i == 1) return peer.send("HTTP/1.1 20");
      peer.send(http_answer("ok"));
    }
  });
  start_outbound(plain_snapshot({origin.address()}));
  BlockingClient client(entry());
  ASSERT_TRUE(client.get("/").ends_with("ok"));

  std::string answer = client.get("/");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_EQ(origin.requests(), 2);
}

TEST_F(Replay, AnInformationalAnswerIsAByteOfTheAnswer) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>& requests) {
    for (int i = 0; !read_request(peer).empty(); ++i) {
      ++requests;
      if (i == 1) return peer.send("HTTP/1.1 103 Early Hints\r\n\r\n");
      peer.send(http_answer("ok"));
    }
  });
  start_outbound(plain_snapshot({origin.address()}));
  BlockingClient client(entry());
  ASSERT_TRUE(client.get("/").ends_with("ok"));

  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string early = client.read_until("\r\n\r\n");
  std::string answer = client.read_until("\r\n\r\n");

  EXPECT_TRUE(early.starts_with("HTTP/1.1 103 ")) << early;
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_EQ(origin.requests(), 2);
}
}  // namespace
}  // namespace heddle
