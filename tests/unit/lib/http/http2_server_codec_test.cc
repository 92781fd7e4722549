// The server codec against handmade frames: what it refuses, what it makes of heads, how it ends.
#include <gtest/gtest.h>

#include "tests/support/h2_frames.h"
#include "tests/support/h2_rig.h"

namespace heddle {
namespace {
using h2::Fields;
using h2::frame;
using h2::ServerRig;

Fields with(Fields fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

// Status of the answer on a stream, or "rst N", or "goaway N", as seen by the peer.
std::string verdict(const Fields& request, bool end = true, const std::string& more = "") {
  ServerRig rig;
  if (!rig.feed(h2::client_start())) return "start failed";
  rig.out();
  (void)rig.feed(h2::headers(1, request, end ? h2::kEndStream : 0) + more);
  std::string out = rig.out();
  if (auto gone = h2::only(h2::kGoAway, out); !gone.empty())
    return "goaway " + std::to_string(h2::read_u32(gone[0].payload.substr(4)));
  // A stream that was answered and then told NO_ERROR counts as answered.
  auto resets = h2::only(h2::kRstStream, out);
  if (!resets.empty() && h2::read_u32(resets[0].payload) != 0)
    return "rst " + std::to_string(h2::read_u32(resets[0].payload));
  if (!h2::only(h2::kHeaders, out).empty()) return "answered";
  return rig.events.count("request") > 0 ? "accepted" : "nothing";
}

TEST(Http2ServerCodec, AcceptsAnOrdinaryRequest) {
  EXPECT_EQ(verdict(h2::get()), "accepted");
  EXPECT_EQ(verdict(with(h2::get(), {{"x", "a\x80"}})), "accepted");
  EXPECT_EQ(verdict(with(h2::get(), {{"te", "trailers"}})), "accepted");
  EXPECT_EQ(verdict(with(h2::get(), {{"host", "A.test"}})), "accepted");
}

TEST(Http2ServerCodec, ResetsMalformedFields) {
  for (const Fields& bad : std::vector<Fields>{{{"X-Foo", "a"}},
                                               {{"x", "a\rb"}},
                                               {{"x", "a\nb"}},
                                               {{"x", std::string("a\0b", 3)}},
                                               {{"x", " a"}},
                                               {{"x", "a "}},
                                               {{"x", "a\x7f"}},
                                               {{"x y", "a"}},
                                               {{"x:y", "a"}},
                                               {{"", "a"}},
                                               {{"x\r\n", "a"}},
                                               {{"x\xc3", "a"}},
                                               {{"connection", "close"}},
                                               {{"transfer-encoding", "chunked"}},
                                               {{"keep-alive", "1"}},
                                               {{"proxy-connection", "x"}},
                                               {{"upgrade", "websocket"}},
                                               {{"te", "gzip"}},
                                               {{":foo", "1"}},
                                               {{":path", "/b"}},
                                               {{":status", "200"}},
                                               {{":authority", "b"}},
                                               {{"content-length", "+1"}},
                                               {{"content-length", ""}}}) {
    EXPECT_EQ(verdict(with(h2::get(), bad)), "rst 1") << bad[0].first << "=" << bad[0].second;
  }
}

TEST(Http2ServerCodec, AnswersRequestsThatItsOwnRulesRefuse) {
  auto target = [](const char* method, const char* scheme, const char* path, const char* authority) {
    return Fields{{":method", method}, {":scheme", scheme}, {":path", path}, {":authority", authority}};
  };
  for (const Fields& bad :
       {with(h2::get(), {{"host", "evil"}}), target("GET", "ftp", "/", "a"), target("GET", "http", "/a%2fb", "a"),
        target("GET", "http", "/a/../b", "a"), target("GET", "http", "/a\\b", "a"), target("GET", "http", "/\x80", "a"),
        target("GET", "http", "/a#b", "a"), target("GET", "http", "/", "u:p@a"), target("GET", "http", "/", "a,b"),
        target("GET", "http", "/", "a:99999"), with(h2::get(), {{"content_length", "1"}})}) {
    EXPECT_EQ(verdict(bad), "answered") << bad[2].second << " " << bad[3].second;
  }
}

// The answer to a request with two hosts.
std::string refusal_to(ReasonDisclosure disclosure) {
  h2::WorkerRig rig;
  h2::ServerLog events;
  Http2ServerCodec codec(rig.worker(), rig.limits, events, disclosure);
  Buffer in(rig.pool, h2::client_start() + h2::headers(1, with(h2::get(), {{"host", "evil"}}), h2::kEndStream));
  Buffer out(rig.pool);
  EXPECT_TRUE(codec.receive(in));
  codec.produce(out, size_t{1} << 20);
  auto answers = h2::only(h2::kHeaders, out.to_string());
  return answers.size() == 1 ? answers[0].payload : "";
}

TEST(Http2ServerCodec, TellsTheReasonOfARefusalToThoseItMayKnow) {
  std::string told = refusal_to(ReasonDisclosure::kName);
  std::string stranger = refusal_to(ReasonDisclosure::kNone);

  EXPECT_GT(told.size(), stranger.size() + 8);  // a field more, Huffman coded or not
  EXPECT_NE(stranger, "");
}

TEST(Http2ServerCodec, RefusesAPlainConnectAndUnknownProtocols) {
  EXPECT_EQ(verdict({{":method", "CONNECT"}, {":authority", "a:443"}}, false), "answered");
  EXPECT_EQ(verdict(with(h2::get(), {}), true), "accepted");
  Fields other{{":method", "CONNECT"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}, {":protocol", "x"}};
  EXPECT_EQ(verdict(other, false), "answered");
}

TEST(Http2ServerCodec, ResetsBodiesThatDifferFromTheirLength) {
  auto post = with(h2::post(), {{"content-length", "5"}});

  EXPECT_EQ(verdict(post, false, frame(h2::kData, h2::kEndStream, 1, "x")), "rst 1");
  EXPECT_EQ(verdict(post, false, frame(h2::kData, 0, 1, "123456")), "rst 1");
  EXPECT_EQ(verdict(post, true), "rst 1");
}

TEST(Http2ServerCodec, ResetsTrailersThatDoNotEndTheMessageOrComeTooEarly) {
  auto post = with(h2::post(), {{"content-length", "5"}});

  EXPECT_EQ(verdict(h2::post(), false, h2::headers(1, {{"x", "1"}}, 0)), "rst 1");
  EXPECT_EQ(verdict(post, false, frame(h2::kData, 0, 1, "abc") + h2::headers(1, {{"x", "1"}}, h2::kEndStream)),
            "rst 1");
  EXPECT_EQ(verdict(post, false, frame(h2::kData, 0, 1, "abcde") + h2::headers(1, {{"x", "1"}}, h2::kEndStream)),
            "accepted");
}

TEST(Http2ServerCodec, ClosesOnBrokenFraming) {
  EXPECT_EQ(verdict(h2::post(), false, frame(h2::kData, 0, 0, "x")), "goaway 1");
  EXPECT_EQ(verdict(h2::post(), false, frame(h2::kWindowUpdate, 0, 1, h2::u32(0))), "goaway 1");
  EXPECT_EQ(verdict(h2::post(), false, frame(h2::kPing, 0, 0, "1")), "goaway 6");
  EXPECT_EQ(verdict(h2::post(), false, frame(h2::kData, h2::kPadded, 1, "\x05x")), "goaway 1");
  EXPECT_EQ(verdict(h2::post(), false, h2::settings({{2, 2}})), "goaway 1");
}

// RFC 9113 §5.1.1: opening stream 7 closed 3 and 5, which nobody had opened.
TEST(Http2ServerCodec, ClosesWhenAClientComesBackToAnIdItPassedOver) {
  std::string seventh = h2::headers(7, h2::get(), h2::kEndStream);

  EXPECT_EQ(verdict(h2::get(), true, seventh + h2::headers(5, h2::get(), h2::kEndStream)), "goaway 1");
  EXPECT_EQ(verdict(h2::get(), true, seventh + h2::headers(9, h2::get(), h2::kEndStream)), "accepted");
}

TEST(Http2ServerCodec, FailsOnAWrongPreface) {
  ServerRig rig;

  Result<void> result = rig.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::kDownstreamProtocolError);
}

TEST(Http2ServerCodec, JoinsCookieCrumbsAndDropsWhatDescribesTheHop) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));

  ASSERT_TRUE(rig.feed(h2::headers(1,
                                   with(h2::get(), {{"cookie", "a=1"},
                                                    {"cookie", "b=2"},
                                                    {"cookie", "c=3"},
                                                    {"http2-settings", "AA"},
                                                    {"te", "trailers"},
                                                    {"content-length", "00"},
                                                    {"host", "a.test"}}),
                                   1)));

  EXPECT_EQ(rig.events.all(), "1 request GET http a.test / length=0[cookie: a=1; b=2; c=3] END\n");
}

TEST(Http2ServerCodec, AnEmptyCrumbAddsNothing) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));

  ASSERT_TRUE(rig.feed(
      h2::headers(1, with(h2::get(), {{"cookie", ""}, {"cookie", "a=1"}, {"cookie", ""}, {"cookie", "b=2"}}), 1)));

  EXPECT_EQ(rig.events.all(), "1 request GET http a.test /[cookie: a=1; b=2] END\n");
}

TEST(Http2ServerCodec, TakesTheAuthorityFromHostWhenThereIsNoOther) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));

  ASSERT_TRUE(rig.feed(h2::headers(1, {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "h:80"}}, 1)));

  EXPECT_EQ(rig.events.all(), "1 request GET http h:80 / END\n");
}

TEST(Http2ServerCodec, AnswersATooLargeHeadWith431AndKeepsTheTableInStep) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  rig.out();
  std::string big = h2::block(h2::get());
  for (int i = 0; i < 20; ++i) big += h2::indexed_literal("b", std::string(4000, 'v'));
  std::string bytes;
  size_t pieces = (big.size() + 15999) / 16000;
  for (size_t i = 0; i < pieces; ++i) {
    uint8_t flags = static_cast<uint8_t>((i == 0 ? 1 : 0) | (i + 1 == pieces ? 4 : 0));
    bytes += frame(i == 0 ? h2::kHeaders : h2::kContinuation, flags, 1, big.substr(i * 16000, 16000));
  }

  ASSERT_TRUE(rig.feed(bytes));
  auto answers = h2::only(h2::kHeaders, rig.out());
  // 62 is the newest entry of the dynamic table: the last `b`.
  ASSERT_TRUE(rig.feed(frame(h2::kHeaders, 5, 3, h2::block(h2::get()) + "\xbe")));

  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(rig.events.count("request"), 1U);
  EXPECT_EQ(rig.events.lines.back(), "3 request GET http a.test /[b: " + std::string(4000, 'v') + "] END");
}

TEST(Http2ServerCodec, ResetsAHeadBomb) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  ASSERT_TRUE(
      rig.feed(frame(h2::kHeaders, 5, 1, h2::block(h2::get()) + h2::indexed_literal("b", std::string(4000, 'v')))));
  rig.out();

  ASSERT_TRUE(rig.feed(frame(h2::kHeaders, 5, 3, h2::block(h2::get()) + std::string(16000, '\xbe'))));
  auto resets = h2::only(h2::kRstStream, rig.out());
  ASSERT_TRUE(rig.feed(frame(h2::kHeaders, 5, 5, h2::block(h2::get()) + "\xbe")));

  ASSERT_EQ(resets.size(), 1U);
  EXPECT_EQ(resets[0].stream, 3U);
  EXPECT_EQ(rig.events.count("request"), 2U);
}

TEST(Http2ServerCodec, StopsTheUploadOfARequestItRefused) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  rig.out();

  ASSERT_TRUE(rig.feed(h2::headers(1, h2::post("/a%2fb"), 0)));
  std::string out = rig.out();
  auto resets = h2::only(h2::kRstStream, out);

  EXPECT_EQ(h2::only(h2::kHeaders, out).size(), 1U);
  ASSERT_EQ(resets.size(), 1U);
  EXPECT_EQ(h2::read_u32(resets[0].payload), 0U);
  EXPECT_EQ(rig.codec().active_streams(), 0U);
}

TEST(Http2ServerCodec, ReportsTheResetOfThePeer) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, h2::post(), 0)));

  ASSERT_TRUE(rig.feed(frame(h2::kRstStream, 0, 1, h2::u32(8))));

  EXPECT_EQ(rig.events.lines.back(), "1 reset cancel");
  EXPECT_EQ(rig.codec().active_streams(), 0U);
}

TEST(Http2ServerCodec, TellsThePiecesOfABodyThatComeTogetherAtOnce) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, h2::post(), 0)));
  rig.events.lines.clear();
  std::string pieces;
  for (char piece : std::string_view("abcdef")) pieces += frame(h2::kData, 0, 1, std::string(1, piece));

  ASSERT_TRUE(rig.feed(pieces));
  ASSERT_TRUE(rig.feed(frame(h2::kData, 0, 1, "g") + frame(h2::kData, h2::kEndStream, 1, "h")));

  EXPECT_EQ(rig.events.lines, (std::vector<std::string>{"1 data 6", "1 data 2", "1 end"}));
  EXPECT_EQ(rig.events.bodies[1], "abcdefgh");
}

TEST(Http2ServerCodec, TellsTwoBodiesThatComeTogetherEachByItself) {
  ServerRig rig;

  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, h2::post(), 0) + h2::headers(3, h2::post(), 0) +
                       frame(h2::kData, 0, 1, "a") + frame(h2::kData, 0, 3, "b") + frame(h2::kData, 0, 1, "c")));

  EXPECT_EQ(rig.events.bodies[1], "ac");
  EXPECT_EQ(rig.events.bodies[3], "b");
}

TEST(Http2ServerCodec, WhoEndsItsSideWhenItHearsABodyIsToldThatTheBodyWasBroken) {
  ServerRig rig;
  rig.events.then = [&](StreamId id) {
    rig.codec().respond(id, rig.response(413), false);
    (void)rig.codec().send_data(id, Buffer(rig.pool, "no"), true);
  };

  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, with(h2::post(), {{"content-length", "10"}}), 0) +
                       frame(h2::kData, h2::kEndStream, 1, "short")));

  EXPECT_EQ(rig.events.count("1 reset"), 1U) << rig.events.all();
}

TEST(Http2ServerCodec, SaysNothingOfAStreamItReset) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, h2::post(), 0)));

  rig.codec().reset(StreamId(1), ResetCode::kInternalError);
  ASSERT_TRUE(rig.feed(frame(h2::kData, h2::kEndStream, 1, "late")));
  auto resets = h2::only(h2::kRstStream, rig.out());

  EXPECT_EQ(rig.events.lines.size(), 1U);
  ASSERT_EQ(resets.size(), 1U);
  EXPECT_EQ(h2::read_u32(resets[0].payload), 2U);
}

TEST(Http2ServerCodec, SendsTheAnswerBeforeItAsksTheClientToStop) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, h2::post(), 0)));
  rig.out();

  rig.codec().respond(StreamId(1), rig.response(413), false);
  (void)rig.codec().send_data(StreamId(1), Buffer(rig.pool, "too much"), true);
  rig.codec().reset(StreamId(1), ResetCode::kNoError);
  auto frames = h2::parse(rig.out());

  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[1].payload, "too much");
  EXPECT_EQ(frames[2].type, h2::kRstStream);
  EXPECT_EQ(h2::read_u32(frames[2].payload), 0U);
}

TEST(Http2ServerCodec, GoesAwayInTwoSteps) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, h2::get(), 1)));
  rig.out();

  rig.codec().go_away();
  auto notice = h2::only(h2::kGoAway, rig.out());
  ASSERT_TRUE(rig.feed(h2::headers(3, h2::get(), 1)));  // was on its way: still served
  EXPECT_FALSE(rig.codec().wants_write());
  rig.clock.advance(1s);
  EXPECT_TRUE(rig.codec().wants_write());
  auto last = h2::only(h2::kGoAway, rig.out());
  ASSERT_TRUE(rig.feed(h2::headers(5, h2::get(), 1)));  // beyond the last id: not served

  ASSERT_EQ(notice.size(), 1U);
  EXPECT_EQ(h2::read_u32(notice[0].payload), 0x7fffffffU);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(h2::read_u32(last[0].payload), 3U);
  EXPECT_EQ(rig.events.count("request"), 2U);
  EXPECT_FALSE(rig.codec().finished());
  for (int id : {1, 3}) rig.codec().respond(StreamId(id), rig.response(), true);
  rig.out();
  EXPECT_TRUE(rig.codec().finished());
}

// RFC 9113 §6.8: what lies beyond the last id was not and will not be processed, so a client may send it again.
TEST(Http2ServerCodec, NamesEveryRequestItTookBeforeTheFinalGoAwayLeft) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, h2::get(), 1)));
  rig.codec().go_away();
  rig.out();
  rig.clock.advance(1s);

  ASSERT_TRUE(rig.feed(h2::headers(3, h2::get(), 1)));  // the transport is full: the GOAWAY cannot leave yet
  auto last = h2::only(h2::kGoAway, rig.out());

  EXPECT_EQ(rig.events.count("request"), 2U);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(h2::read_u32(last[0].payload), 3U);
}

TEST(Http2ServerCodec, ReadsNothingWhileAGoAwayIsQueued) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, h2::get(), 1)));
  rig.out();
  ASSERT_TRUE(rig.feed(frame(h2::kPing, 0, 0, "12345678")));
  rig.codec().go_away();
  bool while_due = rig.codec().wants_read();

  Buffer ping_answer(rig.pool);
  rig.codec().produce(ping_answer, 1);
  bool while_queued = rig.codec().wants_read();
  auto gone = h2::only(h2::kGoAway, rig.out());

  EXPECT_TRUE(while_due);
  EXPECT_FALSE(while_queued);
  EXPECT_EQ(gone.size(), 1U);
  EXPECT_TRUE(rig.codec().wants_read());
}

TEST(Http2ServerCodec, FinishesTheStreamsOfAClientThatLeaves) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, h2::get(), 1)));
  rig.out();

  ASSERT_TRUE(rig.feed(frame(h2::kGoAway, 0, 0, h2::u32(0) + h2::u32(0))));
  bool before = rig.codec().finished();
  rig.codec().respond(StreamId(1), rig.response(), true);
  rig.out();

  EXPECT_FALSE(before);
  EXPECT_TRUE(rig.codec().finished());
  EXPECT_FALSE(rig.codec().reusable());
}

TEST(Http2ServerCodec, EndOfInputInsideAMessageIsAnError) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, h2::post(), 0)));

  EXPECT_FALSE(rig.codec().receive_end());
}

TEST(Http2ServerCodec, BytesOneByOneGiveTheSameEvents) {
  std::string bytes = h2::client_start() + h2::headers(1, with(h2::post(), {{"x", "1"}}), 0) +
                      frame(h2::kData, h2::kPadded, 1, std::string("\x02") + "body" + std::string(2, '\0')) +
                      frame(h2::kHeaders, 1, 3, h2::block(h2::get())) +
                      frame(h2::kContinuation, 4, 3, h2::block({{"y", "2"}})) +
                      h2::headers(1, {{"x-trailer", "1"}}, h2::kEndStream) + frame(h2::kRstStream, 0, 3, h2::u32(8));
  ServerRig whole;
  ServerRig single;
  single.events.keep_bodies = whole.events.keep_bodies = false;

  ASSERT_TRUE(whole.feed(bytes));
  for (char c : bytes) ASSERT_TRUE(single.feed(std::string_view(&c, 1)));

  EXPECT_EQ(single.events.all(), whole.events.all());
  EXPECT_EQ(single.events.received[1], 4U);
  EXPECT_EQ(whole.events.lines.size(), 4U);
}

TEST(Http2ServerCodec, ANegativeWindowStopsTheBodyUntilItIsPositiveAgain) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, h2::get(), 1)));
  rig.codec().respond(StreamId(1), rig.response(), false);
  (void)rig.codec().send_data(StreamId(1), Buffer(rig.pool, std::string(100000, 'x')), true);
  rig.out();

  ASSERT_TRUE(rig.feed(h2::settings({{4, 0}})));  // the window is now -65535
  ASSERT_TRUE(
      rig.feed(frame(h2::kWindowUpdate, 0, 0, h2::u32(1 << 20)) + frame(h2::kWindowUpdate, 0, 1, h2::u32(65535))));
  EXPECT_TRUE(h2::only(h2::kData, rig.out()).empty());
  ASSERT_TRUE(rig.feed(frame(h2::kWindowUpdate, 0, 1, h2::u32(10))));
  auto data = h2::only(h2::kData, rig.out());

  ASSERT_EQ(data.size(), 1U);
  EXPECT_EQ(data[0].payload.size(), 10U);
}

TEST(Http2ServerCodec, ShortOutputBudgetsAreKept) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start() + h2::headers(1, h2::get(), 1)));
  rig.codec().respond(StreamId(1), rig.response(), false);
  (void)rig.codec().send_data(StreamId(1), Buffer(rig.pool, std::string(65000, 'x')), true);
  rig.out(1);  // SETTINGS

  std::string out = rig.out(1000);

  EXPECT_LE(out.size(), 1000U + 16384 + 9);
  EXPECT_TRUE(rig.codec().wants_write());
}
class KeepsBodies final : public ServerEvents {
 public:
  explicit KeepsBodies(BlockPool& pool) : body(pool) {}
  void on_request(StreamId, RequestHead&&, bool) override {}
  void on_data(StreamId, Buffer&& data, bool) override { body.append(std::move(data)); }
  void on_trailers(StreamId, HeaderMap&&) override {}
  void on_reset(StreamId, ResetCode) override {}
  void on_drained(StreamId) override {}
  void on_go_away(StreamId) override {}
  Buffer body;
};

TEST(Http2ServerCodec, LargeDataIsSharedWithTheInputAndNotCopied) {
  h2::WorkerRig rig;
  KeepsBodies events(rig.pool);
  Http2ServerCodec codec(rig.worker(), rig.limits, events);
  std::string start = h2::client_start() + h2::headers(1, h2::post(), 0);
  Buffer in(rig.pool, start + frame(h2::kData, 0, 1, std::string(8000, 'x')));
  const std::byte* input = in.front().data();

  ASSERT_TRUE(codec.receive(in));

  ASSERT_EQ(events.body.size(), 8000U);
  EXPECT_EQ(events.body.front().data(), input + start.size() + 9);
}
}  // namespace
}  // namespace heddle
