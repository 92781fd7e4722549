// The keep-alive race: a request that fails without an answer's byte on a reused connection is sent once more, on a
// fresh connection to the same endpoint, and then never to another.
#include <gtest/gtest.h>

#include "tests/support/h2_origin.h"
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

class Replay : public MeshFixture {
 protected:
  // Answers once; when its connection is used again the application is gone: that one is cut, new ones are refused.
  RawOrigin& add_dying_origin() {
    RawOrigin& origin = add_origin([this](BlockingClient& peer, int, std::atomic<int>& requests) {
      for (int i = 0; !read_request(peer).empty(); ++i) {
        ++requests;
        if (i > 0) return dying_.load()->stop_listening();
        peer.send(http_answer("first"));
      }
    });
    dying_ = &origin;
    return origin;
  }
  // Cuts its first connection at the second request, and answers everything else.
  RawOrigin& add_h2_origin_that_cuts_at_reuse() {
    return add_origin(h2_origin([](int connection, uint32_t stream) {
      return connection == 0 && stream > 1 ? std::string() : h2_empty_answer(stream);
    }));
  }

 private:
  std::atomic<RawOrigin*> dying_{nullptr};
};

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

TEST_F(Replay, ThatFindsNobodyGoesNowhereElse) {
  RawOrigin& dying = add_dying_origin();
  RawOrigin& good = add_answering_origin("good");
  start_outbound(plain_snapshot({dying.address()}));
  BlockingClient client(entry());
  ASSERT_TRUE(client.get("/").ends_with("first"));
  outbound_->publish(plain_snapshot({dying.address(), good.address()}));

  std::vector<std::string> failed;  // in turn: one of two goes to each
  for (int i = 0; i < 2; ++i) {
    std::string answer = client.get("/");
    if (!answer.ends_with("good")) failed.push_back(answer);
  }

  ASSERT_EQ(failed.size(), 1U);
  EXPECT_TRUE(failed[0].starts_with("HTTP/1.1 503 ")) << failed[0];
  EXPECT_EQ(reason_of(failed[0]), "upstream-connect-refused");
  EXPECT_EQ(dying.requests(), 2);
  EXPECT_EQ(good.requests(), 1);  // its own
}

// REFUSED_STREAM would tell the caller's sidecar that the application never saw the request.
TEST_F(Replay, ThatFindsNobodyIsNotCalledUnprocessedByTheInboundSide) {
  RawOrigin& dying = add_dying_origin();
  join(dying.address());
  BlockingClient client(entry());
  ASSERT_TRUE(client.get("/").ends_with("first"));

  std::string answer = client.get("/");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_EQ(reason_of(answer), "upstream-connect-refused");
  EXPECT_EQ(dying.requests(), 2);
}

TEST_F(Replay, OfAGetHappensOnAFreshHttp2Connection) {
  RawOrigin& origin = add_h2_origin_that_cuts_at_reuse();
  start_outbound(plain_snapshot({origin.address()}, "http2"));
  BlockingClient client(entry());
  ASSERT_TRUE(client.get("/").starts_with("HTTP/1.1 200 "));

  std::string answer = client.get("/");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_EQ(origin.connections(), 2);
  EXPECT_EQ(origin.requests(), 3);  // the first, the reused one, its replay
}

TEST_F(Replay, OfAPostDoesNotHappenOverHttp2) {
  RawOrigin& origin = add_h2_origin_that_cuts_at_reuse();
  start_outbound(plain_snapshot({origin.address()}, "http2"));
  BlockingClient client(entry());
  ASSERT_TRUE(client.get("/").starts_with("HTTP/1.1 200 "));

  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  std::string answer = client.read_until("\r\n\r\n");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_EQ(reason_of(answer), "upstream-closed");
  EXPECT_EQ(origin.connections(), 1);
  EXPECT_EQ(origin.requests(), 2);
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
