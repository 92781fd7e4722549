#include "lib/http/http1_server_codec.h"

#include <gtest/gtest.h>

#include "tests/support/codec_harness.h"

namespace heddle {
namespace {
class Http1Server : public testing::Test {
 protected:
  Http1Server() { events_.codec = &codec_; }
  std::string sent() { return produced(codec_, pool_); }
  StreamId ask(std::string_view bytes) {
    EXPECT_TRUE(feed(codec_, pool_, bytes));
    return events_.last_id();
  }
  ResponseHead head(uint16_t status) { return ResponseHead(pool_, status); }

  BlockPool pool_;
  HttpLimits limits_;
  RecordingServerEvents events_;
  Http1ServerCodec codec_{pool_, limits_, "https", events_, ReasonDisclosure::kName};
};
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kOldGet = "GET / HTTP/1.0\r\nHost: a\r\n\r\n";
constexpr std::string_view kUpgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

TEST_F(Http1Server, TakesTheSchemeFromTheTransport) {
  ask(kGet);

  EXPECT_EQ(events_.lines()[0], "request 1 GET https a / HTTP/1.1 {}");
}

TEST_F(Http1Server, WritesAnEmptyAnswer) {
  codec_.respond(ask(kGet), head(200), true);

  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  EXPECT_TRUE(codec_.reusable());
  EXPECT_FALSE(codec_.finished());
}

TEST_F(Http1Server, ReserialisesTheLength) {
  ResponseHead answer = head(404);
  answer.content_length = 2;
  ASSERT_TRUE(answer.fields().add("x-a", "b") && answer.fields().add("content-length", "7"));

  StreamId id = ask(kGet);
  codec_.respond(id, answer, false);
  (void)codec_.send_data(id, Buffer(pool_, "no"), true);

  EXPECT_EQ(sent(), "HTTP/1.1 404 Not Found\r\nx-a: b\r\ncontent-length: 2\r\n\r\nno");
}

TEST_F(Http1Server, ChunksABodyOfUnknownLength) {
  StreamId id = ask(kGet);
  codec_.respond(id, head(200), false);
  (void)codec_.send_data(id, Buffer(pool_, "hello"), false);
  (void)codec_.send_data(id, Buffer(pool_, "!"), true);

  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
  EXPECT_TRUE(codec_.reusable());
}

TEST_F(Http1Server, EndsABodyForHttp10ByClosing) {
  StreamId id = ask(kOldGet);
  codec_.respond(id, head(200), false);
  (void)codec_.send_data(id, Buffer(pool_, "hello"), true);

  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello");
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Server, GivesTrailersOnlyToClientsThatTakeThem) {
  HeaderMap trailers(pool_);
  ASSERT_TRUE(trailers.add("x-sum", "1"));
  StreamId id = ask(kGet);
  codec_.respond(id, head(200), false);
  codec_.send_trailers(id, trailers);
  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n");

  id = ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: te\r\nTE: trailers\r\n\r\n");
  codec_.respond(id, head(200), false);
  codec_.send_trailers(id, trailers);

  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-sum: 1\r\n\r\n");
}

TEST_F(Http1Server, AnswersWithoutBodySendNone) {
  StreamId id = ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  codec_.respond(id, head(200), false);
  (void)codec_.send_data(id, Buffer(pool_, "hello"), true);

  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_TRUE(codec_.reusable());
}

TEST_F(Http1Server, NoContentHasNoLength) {
  ResponseHead answer = head(204);
  answer.content_length = 0;

  codec_.respond(ask(kGet), answer, true);

  EXPECT_EQ(sent(), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(Http1Server, SaysContinue) {
  StreamId id = ask("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  codec_.inform(id, head(100));

  EXPECT_EQ(sent(), "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_F(Http1Server, InformsAtMostSixteenTimes) {
  StreamId id = ask(kGet);
  for (int i = 0; i < 20; ++i) codec_.inform(id, head(103));

  EXPECT_EQ(sent().size(), 16 * std::string_view("HTTP/1.1 103 Early Hints\r\n\r\n").size());
}

TEST_F(Http1Server, DoesNotInformHttp10) {
  codec_.inform(ask(kOldGet), head(103));

  EXPECT_EQ(sent(), "");
}

TEST_F(Http1Server, AnAnswerBeforeTheRequestIsCompleteClosesTheConnection) {  // H1-171
  StreamId id = ask("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 26\r\n\r\n");
  codec_.respond(id, head(401), true);
  EXPECT_EQ(sent(), "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");

  ask(kGet);

  EXPECT_EQ(events_.count_starting_with("request "), 1U);
  EXPECT_EQ(events_.body(), "");
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Server, MoreThanTheDeclaredLengthIsNeverACleanEnd) {
  ResponseHead answer = head(200);
  answer.content_length = 3;
  StreamId id = ask(kGet);
  codec_.respond(id, answer, false);
  (void)codec_.send_data(id, Buffer(pool_, "abcd"), true);

  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n");
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Server, LessThanTheDeclaredLengthIsNeverACleanEnd) {
  ResponseHead answer = head(200);
  answer.content_length = 3;
  StreamId id = ask(kGet);
  codec_.respond(id, answer, false);
  (void)codec_.send_data(id, Buffer(pool_, "ab"), true);

  sent();
  EXPECT_FALSE(codec_.reusable());
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Server, AResetInsideAChunkedBodyWritesNoLastChunk) {
  StreamId id = ask(kGet);
  codec_.respond(id, head(200), false);
  (void)codec_.send_data(id, Buffer(pool_, "x"), false);
  codec_.reset(id, ResetCode::kInternalError);
  (void)codec_.send_data(id, Buffer(pool_, "y"), true);

  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n");
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Server, LeavesThePipelinedRequestInTheBuffer) {
  Buffer in(pool_, std::string(kGet) + std::string(kGet));
  ASSERT_TRUE(codec_.receive(in));
  EXPECT_EQ(in.size(), kGet.size());
  EXPECT_TRUE(codec_.wants_read());

  codec_.respond(StreamId(1), head(200), true);
  ASSERT_TRUE(codec_.receive(in));

  EXPECT_TRUE(in.empty());
  EXPECT_EQ(events_.count_starting_with("request 2 "), 1U);
}

TEST_F(Http1Server, StopsReadingWhenTooMuchIsPipelined) {
  Buffer in(pool_, kGet);
  in.append(std::string(limits_.uncredited_mark, 'x'));
  ASSERT_TRUE(codec_.receive(in));
  EXPECT_TRUE(codec_.wants_read());

  in.append("x");
  ASSERT_TRUE(codec_.receive(in));

  EXPECT_FALSE(codec_.wants_read());
}

TEST_F(Http1Server, ServesNoNextRequestWhileItsOutputIsFull) {
  ask(kGet);
  ResponseHead answer = head(200);
  codec_.respond(StreamId(1), answer, false);
  EXPECT_EQ(codec_.send_data(StreamId(1), Buffer(pool_, std::string(100000, 'x')), true), Flow::kFull);

  Buffer in(pool_, kGet);
  ASSERT_TRUE(codec_.receive(in));
  EXPECT_EQ(in.size(), kGet.size());
  EXPECT_FALSE(codec_.wants_read());
  sent();

  EXPECT_TRUE(codec_.wants_read());
  ASSERT_TRUE(codec_.receive(in));
  EXPECT_EQ(events_.count_starting_with("request "), 2U);
}

TEST_F(Http1Server, MissingCreditStopsReading) {
  events_.auto_credit = AutoCredit::kOff;
  StreamId id = ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  ask(std::string(limits_.uncredited_mark + 1, 'x'));
  EXPECT_FALSE(codec_.wants_read());

  codec_.credit(id, 1);

  EXPECT_TRUE(codec_.wants_read());
}

TEST_F(Http1Server, FailsWithOneAnswerThatNamesTheReason) {
  ask(kGet);

  codec_.fail(make_error(Reason::kRequestHeadTimeout, "secret detail"));
  codec_.fail(make_error(Reason::kInternal, "again"));

  EXPECT_EQ(sent(),
            "HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain\r\nheddle-reason: request-head-timeout\r\n"
            "content-length: 66\r\nconnection: close\r\n\r\n"
            "request-head-timeout: the request head did not arrive within 10 s\n");
  EXPECT_FALSE(codec_.wants_read());
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Server, TellsAStrangerTheStatusAndNoReason) {
  Http1ServerCodec codec(pool_, limits_, "http", events_, ReasonDisclosure::kNone);
  Result<void> result = feed(codec, pool_, "GET / HTTP/1.1\r\n\r\n");
  ASSERT_FALSE(result);

  codec.fail(result.error());

  EXPECT_EQ(produced(codec, pool_),
            "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 12\r\nconnection: close\r\n\r\n"
            "Bad Request\n");
}

TEST_F(Http1Server, FailsSilentlyWhenAnAnswerHasBegun) {
  StreamId id = ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  codec_.respond(id, head(200), false);
  Result<void> result = feed(codec_, pool_, "zz\r\n");
  ASSERT_FALSE(result);

  codec_.fail(result.error());

  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Server, SaysCloseAfterGoAway) {
  StreamId id = ask(kGet);
  codec_.go_away();
  codec_.respond(id, head(200), true);

  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Server, ServesAHeadThatHadBegunBeforeGoAway) {
  Buffer in(pool_, "GET / HTTP/1.1\r\nHo");
  ASSERT_TRUE(codec_.receive(in));
  codec_.go_away();
  EXPECT_FALSE(codec_.finished());
  in.append("st: a\r\n\r\n");
  ASSERT_TRUE(codec_.receive(in));

  codec_.respond(events_.last_id(), head(200), true);

  EXPECT_NE(sent().find("connection: close"), std::string::npos);
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Server, AcceptsAnUpgrade) {
  StreamId id = ask(kUpgrade);
  EXPECT_EQ(events_.text(), "request 1 GET https a / HTTP/1.1 protocol=websocket {}\n");
  ResponseHead answer = head(101);
  ASSERT_TRUE(answer.fields().add("sec-websocket-accept", "x"));

  codec_.respond(id, answer, false);
  EXPECT_EQ(sent(),
            "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: x\r\nconnection: Upgrade\r\n"
            "upgrade: websocket\r\n\r\n");
  ask("GET / HTTP/1.1\n raw");
  (void)codec_.send_data(id, Buffer(pool_, "back"), true);

  EXPECT_EQ(events_.body(), "GET / HTTP/1.1\n raw");
  EXPECT_EQ(sent(), "back");
  EXPECT_TRUE(codec_.wants_finish());
  EXPECT_FALSE(codec_.finished());
  ASSERT_TRUE(codec_.receive_end());
  EXPECT_TRUE(events_.has("end 1"));
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Server, ARefusedUpgradeStaysHttp) {  // H1-159
  Buffer in(pool_, std::string(kUpgrade) + std::string(kGet));
  ASSERT_TRUE(codec_.receive(in));
  EXPECT_FALSE(codec_.wants_read());
  codec_.respond(StreamId(1), head(426), true);
  EXPECT_EQ(sent(), "HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n");
  EXPECT_TRUE(codec_.wants_read());
  ASSERT_TRUE(codec_.receive(in));

  EXPECT_EQ(events_.lines()[1], "end 1");
  EXPECT_EQ(events_.lines()[2], "request 2 GET https a / HTTP/1.1 {}");
}

TEST_F(Http1Server, A101ThatNobodyAskedForIsNotWritten) {
  codec_.respond(ask(kGet), head(101), false);

  EXPECT_EQ(sent(), "");
  EXPECT_TRUE(codec_.finished());
}

TEST_F(Http1Server, AHeadOfTheLargestSizePassesThrough) {
  StreamId id = ask(kGet);
  ResponseHead answer = head(200);
  ASSERT_TRUE(answer.fields().add("x-a", std::string(59 * 1024, 'a')));
  for (int i = 0; i < 98; ++i) ASSERT_TRUE(answer.fields().add("b", "c"));

  codec_.respond(id, answer, true);

  EXPECT_EQ(sent().size(),
            std::string_view("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").size() + 59 * 1024 + 7 + 98 * 6);
}

TEST_F(Http1Server, AnIdleConnectionHoldsNoBlock) {
  codec_.respond(ask(kGet), head(200), true);
  sent();

  EXPECT_EQ(pool_.bytes_in_use(), 0U);
}
}  // namespace
}  // namespace heddle
