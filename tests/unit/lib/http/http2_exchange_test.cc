// A client codec and a server codec talk to each other: messages, trailers, 1xx, tunnels, flow control.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "tests/support/h2_rig.h"

namespace heddle {
namespace {
using h2::Pair;

Buffer bytes(Pair& pair, size_t n, char c = 'x') { return Buffer(pair.pool, std::string(n, c)); }

TEST(Http2Exchange, CarriesARequestAndItsAnswer) {
  Pair pair;
  RequestHead head = pair.request("GET", "/hello?x=1");
  ASSERT_TRUE(head.fields().add("x-one", "1"));

  StreamId id = pair.client().open(head, true);
  pair.pump();
  ResponseHead answer = pair.response(200);
  answer.content_length = 5;
  ASSERT_TRUE(answer.fields().add("server", "t"));
  pair.server().respond(id, answer, false);
  (void)pair.server().send_data(id, Buffer(pair.pool, "hello"), true);
  pair.pump();

  EXPECT_EQ(pair.server_log.all(), "1 request GET http a.test /hello?x=1[x-one: 1] END\n");
  EXPECT_EQ(pair.client_log.all(), "1 response 200 length=5[server: t]\n1 data 5\n1 end\n");
  EXPECT_EQ(pair.client().active_streams() + pair.server().active_streams(), 0U);
}

TEST(Http2Exchange, CarriesBodiesBothWays) {
  Pair pair;
  RequestHead head = pair.request("POST");
  head.content_length = 3;

  StreamId id = pair.client().open(head, false);
  (void)pair.client().send_data(id, Buffer(pair.pool, "abc"), true);
  pair.pump();

  EXPECT_EQ(pair.server_log.all(), "1 request POST http a.test / length=3\n1 data 3\n1 end\n");
}

TEST(Http2Exchange, AnswersAHeadRequestWithALengthAndNoBody) {
  Pair pair;

  StreamId id = pair.client().open(pair.request("HEAD"), true);
  pair.pump();
  ResponseHead answer = pair.response(200);
  answer.content_length = 1000;
  pair.server().respond(id, answer, true);
  pair.pump();

  EXPECT_EQ(pair.client_log.all(), "1 response 200 length=1000 END\n");
}

TEST(Http2Exchange, CarriesTrailersBothWays) {
  Pair pair;
  StreamId id = pair.client().open(pair.request("POST"), false);
  (void)pair.client().send_data(id, Buffer(pair.pool, "abc"), false);
  pair.client().send_trailers(id, pair.map({{"x-sum", "1"}, {"authorization", "secret"}}));
  pair.pump();

  pair.server().respond(id, pair.response(), false);
  (void)pair.server().send_data(id, Buffer(pair.pool, "de"), false);
  pair.server().send_trailers(id, pair.map({{"grpc-status", "0"}}));
  pair.pump();

  EXPECT_EQ(pair.server_log.all(), "1 request POST http a.test /\n1 data 3\n1 trailers [x-sum: 1]\n");
  EXPECT_EQ(pair.client_log.all(), "1 response 200\n1 data 2\n1 trailers [grpc-status: 0]\n");
  EXPECT_EQ(pair.client().active_streams() + pair.server().active_streams(), 0U);
}

TEST(Http2Exchange, CarriesTrailersWithoutABody) {
  Pair pair;
  StreamId id = pair.client().open(pair.request("POST"), true);
  pair.pump();

  pair.server().respond(id, pair.response(), false);
  pair.server().send_trailers(id, pair.map({{"grpc-status", "14"}}));
  pair.pump();

  EXPECT_EQ(pair.client_log.all(), "1 response 200\n1 trailers [grpc-status: 14]\n");
}

TEST(Http2Exchange, EmptyTrailersAreAPlainEnd) {
  Pair pair;
  StreamId id = pair.client().open(pair.request("POST"), false);

  pair.client().send_trailers(id, HeaderMap(pair.pool));
  pair.pump();

  EXPECT_EQ(pair.server_log.all(), "1 request POST http a.test /\n1 end\n");
}

TEST(Http2Exchange, CarriesInformationalHeads) {
  Pair pair;
  StreamId id = pair.client().open(pair.request("POST"), false);
  pair.pump();

  pair.server().inform(id, pair.response(100));
  pair.server().inform(id, pair.response(103));
  pair.server().respond(id, pair.response(200), true);
  pair.pump();

  EXPECT_EQ(pair.client_log.all(), "1 informational 100\n1 informational 103\n1 response 200 END\n");
}

TEST(Http2Exchange, CarriesAWebsocketAsExtendedConnect) {
  Pair pair;
  RequestHead head = pair.request("GET", "/chat");
  ASSERT_TRUE(head.set_protocol("websocket"));
  pair.pump();

  StreamId id = pair.client().open(head, false);
  (void)pair.client().send_data(id, Buffer(pair.pool, "ping"), false);
  pair.pump();
  pair.server().respond(id, pair.response(101), false);
  (void)pair.server().send_data(id, Buffer(pair.pool, "pong"), true);
  pair.pump();
  (void)pair.client().send_data(id, Buffer(pair.pool, "bye"), true);
  pair.pump();

  EXPECT_EQ(pair.server_log.all(), "1 request GET http a.test /chat protocol=websocket\n1 data 4\n1 data 3\n1 end\n");
  EXPECT_EQ(pair.client_log.all(), "1 response 101\n1 data 4\n1 end\n");
}

TEST(Http2Exchange, ATunnelWaitsForTheSettingsOfThePeer) {
  Pair pair;
  RequestHead head = pair.request("GET", "/chat");
  ASSERT_TRUE(head.set_protocol("websocket"));

  StreamId tunnel = pair.client().open(head, false);
  (void)pair.client().send_data(tunnel, Buffer(pair.pool, "early"), false);
  pair.client().open(pair.request(), true);
  pair.pump();

  EXPECT_EQ(pair.server_log.count("protocol=websocket"), 1U);
  EXPECT_EQ(pair.server_log.lines.front(), "1 request GET http a.test / END");
  EXPECT_EQ(pair.server_log.bodies[3], "early");
}

TEST(Http2Exchange, AWindowsWorthPassesUntilCreditIsGiven) {
  HttpLimits limits;
  limits.stream_window = 65535;
  Pair pair(limits);
  StreamId id = pair.client().open(pair.request("POST"), false);
  (void)pair.client().send_data(id, bytes(pair, 300000), true);

  pair.pump();
  size_t before = pair.server_log.received[1];
  pair.server().credit(id, 65535);
  pair.pump();

  EXPECT_EQ(before, 65535U);
  EXPECT_EQ(pair.server_log.received[1], 2 * 65535U);
}

TEST(Http2Exchange, AFullQueueSaysSoAndReportsDrainedOnce) {
  Pair pair;
  StreamId id = pair.client().open(pair.request("POST"), false);

  Flow small = pair.client().send_data(id, bytes(pair, 64 * 1024), false);
  Flow large = pair.client().send_data(id, bytes(pair, 40 * 1024), false);
  pair.pump();

  EXPECT_EQ(small, Flow::kOpen);
  EXPECT_EQ(large, Flow::kFull);
  EXPECT_EQ(pair.client_log.count("drained"), 0U);  // 40 KiB wait for the window, the low mark is 32 KiB
  pair.server().credit(id, 64 * 1024);
  pair.pump();
  EXPECT_EQ(pair.client_log.count("drained"), 1U);
}

TEST(Http2Exchange, ConnectionWindowSurvivesBodiesNobodyCredited) {
  Pair pair;
  pair.server_log.keep_bodies = false;
  size_t delivered = 0;
  for (int i = 0; i < 40; ++i) {  // 2.5 times the connection window
    StreamId id = pair.client().open(pair.request("POST"), false);
    (void)pair.client().send_data(id, bytes(pair, 64 * 1024), true);
    pair.pump();
    delivered += pair.server_log.received[id.value()];
    pair.server().respond(id, pair.response(), true);
    pair.pump();
  }

  EXPECT_EQ(delivered, 40U * 64 * 1024);
}

TEST(Http2Exchange, StreamsShareTheConnectionEvenlyBothWays) {
  HttpLimits limits;
  limits.stream_window = 1 << 20;
  Pair pair(limits);
  StreamId first = pair.client().open(pair.request("POST"), false);
  StreamId second = pair.client().open(pair.request("POST"), false);
  pair.pump();
  for (StreamId id : {first, second}) {
    pair.server().respond(id, pair.response(), false);
    (void)pair.server().send_data(id, bytes(pair, 400000), false);
    (void)pair.client().send_data(id, bytes(pair, 400000), false);
  }

  pair.step(200 * 1024);

  EXPECT_GT(pair.server_log.received[1], 64 * 1024U);
  EXPECT_GT(pair.server_log.received[3], 64 * 1024U);
  EXPECT_GT(pair.client_log.received[1], 64 * 1024U);
  EXPECT_GT(pair.client_log.received[3], 64 * 1024U);
}

// The rule of h2_read_deadlock: unsent DATA never stops reading.
TEST(Http2Exchange, SixteenMebibytesPassBothWaysThroughASmallPipe) {
  HttpLimits limits;
  limits.stream_window = 16 << 20;
  limits.connection_window = 32 << 20;
  Pair pair(limits);
  pair.server_log.keep_bodies = pair.client_log.keep_bodies = false;
  StreamId id = pair.client().open(pair.request("POST"), false);
  pair.pump();
  pair.server().respond(id, pair.response(), false);
  constexpr size_t kAll = 16 << 20;
  (void)pair.client().send_data(id, bytes(pair, kAll), true);
  (void)pair.server().send_data(id, bytes(pair, kAll), true);

  pair.pump(4096);

  EXPECT_EQ(pair.server_log.received[1], kAll);
  EXPECT_EQ(pair.client_log.received[1], kAll);
  EXPECT_FALSE(pair.failed);
}

TEST(Http2Exchange, LargeBodiesMoveWithoutBeingCopied) {
  Pair pair;
  StreamId id = pair.client().open(pair.request("POST"), false);
  pair.pump();
  Buffer body(pair.pool);
  Block* block = pair.pool.acquire(BlockSize::kMedium);
  std::memset(block->payload(), 'z', 16000);
  body.append_block(block, 0, 16000);
  const std::byte* payload = block->payload();

  (void)pair.client().send_data(id, std::move(body), true);
  pair.client().produce(pair.to_server, 1 << 20);

  std::array<Bytes, 8> slices;
  size_t n = pair.to_server.slices(slices);
  bool same_block = std::any_of(slices.begin(), slices.begin() + static_cast<long>(n),
                                [&](Bytes slice) { return slice.data() == payload && slice.size() == 16000; });
  EXPECT_TRUE(same_block);
}
}  // namespace
}  // namespace heddle
