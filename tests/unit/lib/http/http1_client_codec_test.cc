#include "lib/http/http1_client_codec.h"

#include <gtest/gtest.h>

#include "tests/support/codec_harness.h"

namespace heddle {
namespace {
class Http1Client : public testing::Test {
 protected:
  Http1Client() { events_.codec = &codec_; }
  std::string sent() { return produced(codec_, pool_); }
  Result<void> answer(std::string_view bytes) { return feed(codec_, pool_, bytes); }

  BlockPool pool_;
  HttpLimits limits_;
  RecordingClientEvents events_;
  Http1ClientCodec codec_{pool_, limits_, events_};
};

TEST_F(Http1Client, WritesAPlainRequest) {
  RequestHead head = make_request(pool_, "GET", "/x?y", "b:80");
  ASSERT_TRUE(head.fields().add("user-agent", "t"));

  codec_.open(head, true);

  EXPECT_EQ(sent(), "GET /x?y HTTP/1.1\r\nhost: b:80\r\nuser-agent: t\r\n\r\n");
  EXPECT_EQ(codec_.capacity(), 0U);
}

TEST_F(Http1Client, SaysThatAPostHasNoBody) {
  codec_.open(make_request(pool_, "POST", "/"), true);

  EXPECT_EQ(sent(), "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
}

TEST_F(Http1Client, ReserialisesTheLength) {
  RequestHead head = make_request(pool_, "PUT", "/");
  head.content_length = 3;

  StreamId id = codec_.open(head, false);
  (void)codec_.send_data(id, Buffer(pool_, "abc"), true);

  EXPECT_EQ(sent(), "PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc");
  EXPECT_TRUE(codec_.reusable());
}

TEST_F(Http1Client, ChunksABodyOfUnknownLength) {
  StreamId id = codec_.open(make_request(pool_, "PUT", "/"), false);
  (void)codec_.send_data(id, Buffer(pool_, "0123456789abcdefg"), false);
  (void)codec_.send_data(id, Buffer(pool_, ""), false);
  HeaderMap trailers(pool_);
  ASSERT_TRUE(trailers.add("x-sum", "1") && trailers.add("content-length", "9"));
  codec_.send_trailers(id, trailers);

  EXPECT_EQ(sent(),
            "PUT / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
            "11\r\n0123456789abcdefg\r\n0\r\nx-sum: 1\r\n\r\n");
}

TEST_F(Http1Client, JoinsCookieCrumbs) {
  RequestHead head = make_request(pool_, "GET", "/");
  ASSERT_TRUE(head.fields().add("cookie", "a=1") && head.fields().add("x", "y") && head.fields().add("cookie", "b=2"));

  codec_.open(head, true);

  EXPECT_EQ(sent(), "GET / HTTP/1.1\r\nhost: a\r\nx: y\r\ncookie: a=1; b=2\r\n\r\n");
}

TEST_F(Http1Client, AnEmptyCrumbAddsNothing) {
  RequestHead head = make_request(pool_, "GET", "/");
  ASSERT_TRUE(head.fields().add("cookie", "") && head.fields().add("cookie", "a=1") && head.fields().add("cookie", ""));

  codec_.open(head, true);

  EXPECT_EQ(sent(), "GET / HTTP/1.1\r\nhost: a\r\ncookie: a=1\r\n\r\n");
}

TEST_F(Http1Client, NeverCopiesFramingOrConnectionFields) {
  RequestHead head = make_request(pool_, "GET", "/");
  for (std::string_view name : {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te"})
    ASSERT_TRUE(head.fields().add(name, "evil"));

  codec_.open(head, true);

  EXPECT_EQ(sent(), "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
}

TEST_F(Http1Client, AsksForTrailersOnlyIfTheRequestDid) {
  RequestHead head = make_request(pool_, "GET", "/");
  head.accepts_trailers = true;

  codec_.open(head, true);

  EXPECT_EQ(sent(), "GET / HTTP/1.1\r\nhost: a\r\nconnection: te\r\nte: trailers\r\n\r\n");
}

TEST_F(Http1Client, MoreThanTheDeclaredLengthBreaksTheConnection) {
  RequestHead head = make_request(pool_, "PUT", "/");
  head.content_length = 3;

  StreamId id = codec_.open(head, false);
  (void)codec_.send_data(id, Buffer(pool_, "abcd"), true);

  EXPECT_EQ(sent(), "PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n");
  EXPECT_FALSE(codec_.reusable());
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Client, LessThanTheDeclaredLengthBreaksTheConnection) {
  RequestHead head = make_request(pool_, "PUT", "/");
  head.content_length = 3;

  StreamId id = codec_.open(head, false);
  (void)codec_.send_data(id, Buffer(pool_, "ab"), true);

  sent();
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Client, BytesWithoutARequestPoisonTheConnection) {
  Result<void> result = answer("HTTP/1.1 200 OK\r\n\r\n");

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::kUpstreamProtocolError);
  EXPECT_FALSE(codec_.reusable());
  EXPECT_EQ(codec_.capacity(), 0U);
  EXPECT_TRUE(events_.lines().empty());
}

TEST_F(Http1Client, AnAnswerToARequestThatWasNotSentIsAnError) {
  codec_.open(make_request(pool_, "GET", "/"), true);

  EXPECT_FALSE(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

TEST_F(Http1Client, IsNotReusableInsideTheLastUpcallWhenBytesFollow) {
  bool reusable = true;
  events_.handler = [&](StreamId, const ResponseHead&, bool) { reusable = codec_.reusable(); };
  codec_.open(make_request(pool_, "GET", "/"), true);
  sent();

  Result<void> result = answer("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 evil\r\n\r\n");

  EXPECT_FALSE(result);
  EXPECT_FALSE(reusable);
}

TEST_F(Http1Client, MayBeReopenedInsideTheLastUpcall) {
  events_.handler = [&](StreamId id, const ResponseHead&, bool) {
    if (id.value() == 1) codec_.open(make_request(pool_, "GET", "/2"), true);
  };
  codec_.open(make_request(pool_, "GET", "/1"), true);
  sent();

  ASSERT_TRUE(answer("HTTP/1.1 204 No Content\r\n\r\n"));
  EXPECT_EQ(sent(), "GET /2 HTTP/1.1\r\nhost: a\r\n\r\n");
  ASSERT_TRUE(answer("HTTP/1.1 204 No Content\r\n\r\n"));

  EXPECT_EQ(events_.count_starting_with("response "), 2U);
}

TEST_F(Http1Client, AnAnswerBeforeTheRequestIsCompleteEndsReuse) {
  StreamId id = codec_.open(make_request(pool_, "POST", "/"), false);
  sent();

  ASSERT_TRUE(answer("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(codec_.active_streams(), 1U);
  codec_.reset(id, ResetCode::kNoError);

  EXPECT_FALSE(codec_.reusable());
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Client, AResetSendsNothingMore) {
  StreamId id = codec_.open(make_request(pool_, "POST", "/"), false);
  (void)codec_.send_data(id, Buffer(pool_, "secret"), false);

  codec_.reset(id, ResetCode::kCancel);

  EXPECT_EQ(sent(), "");
  EXPECT_TRUE(codec_.finished());
  ASSERT_TRUE(answer("HTTP/1.1 200 OK\r\n\r\n"));
  EXPECT_TRUE(events_.lines().empty());
}

TEST_F(Http1Client, SendsNothingIntoATunnelBeforeThe101) {
  RequestHead head = make_request(pool_, "GET", "/");
  ASSERT_TRUE(head.set_protocol("websocket"));
  StreamId id = codec_.open(head, false);
  (void)codec_.send_data(id, Buffer(pool_, "early"), false);

  EXPECT_EQ(sent(), "GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
  ASSERT_TRUE(answer("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"));

  EXPECT_EQ(sent(), "early");
}

TEST_F(Http1Client, EarlyBytesDieWithADeclinedUpgrade) {
  RequestHead head = make_request(pool_, "GET", "/");
  ASSERT_TRUE(head.set_protocol("websocket"));
  StreamId id = codec_.open(head, false);
  (void)codec_.send_data(id, Buffer(pool_, "early"), false);
  sent();

  ASSERT_TRUE(answer("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"));

  EXPECT_EQ(sent(), "");
  EXPECT_EQ(codec_.active_streams(), 0U);
  EXPECT_TRUE(codec_.reusable());
}

TEST_F(Http1Client, ATunnelAsksForAHalfClose) {
  RequestHead head = make_request(pool_, "GET", "/");
  ASSERT_TRUE(head.set_protocol("websocket"));
  StreamId id = codec_.open(head, false);
  sent();
  ASSERT_TRUE(answer("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"));

  (void)codec_.send_data(id, Buffer(pool_, "bye"), true);
  EXPECT_FALSE(codec_.wants_finish());
  EXPECT_EQ(sent(), "bye");
  EXPECT_TRUE(codec_.wants_finish());
  ASSERT_TRUE(codec_.receive_end());

  EXPECT_FALSE(codec_.wants_finish());
  EXPECT_TRUE(codec_.finished());
  EXPECT_TRUE(events_.has("end 1"));
}

TEST_F(Http1Client, StopsReadingOnlyAboveTheMark) {
  events_.auto_credit = AutoCredit::kOff;
  StreamId id = codec_.open(make_request(pool_, "GET", "/"), true);
  sent();
  ASSERT_TRUE(answer("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"));

  ASSERT_TRUE(answer(std::string(limits_.uncredited_mark, 'x')));
  EXPECT_TRUE(codec_.wants_read());
  ASSERT_TRUE(answer("x"));
  EXPECT_FALSE(codec_.wants_read());
  codec_.credit(id, 1);

  EXPECT_TRUE(codec_.wants_read());
}

TEST_F(Http1Client, MissingCreditDoesNotOutliveItsAnswer) {
  events_.auto_credit = AutoCredit::kOff;
  codec_.open(make_request(pool_, "GET", "/"), true);
  sent();
  ASSERT_TRUE(answer("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + std::string(100000, 'x')));

  EXPECT_TRUE(codec_.wants_read());
  EXPECT_EQ(codec_.capacity(), 1U);
}

TEST_F(Http1Client, GoAwayLetsTheRequestFinish) {
  codec_.open(make_request(pool_, "GET", "/"), true);
  codec_.go_away();
  EXPECT_FALSE(codec_.finished());
  sent();
  ASSERT_TRUE(answer("HTTP/1.1 204 No Content\r\n\r\n"));

  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Client, AnIdleConnectionThatEndsIsFinishedWithoutError) {
  EXPECT_TRUE(codec_.receive_end());

  EXPECT_TRUE(codec_.finished());
  EXPECT_EQ(codec_.capacity(), 0U);
}
}  // namespace
}  // namespace heddle
