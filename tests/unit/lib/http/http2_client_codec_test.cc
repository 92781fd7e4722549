// The client codec against handmade frames of a server.
#include <gtest/gtest.h>

#include "tests/support/h2_frames.h"
#include "tests/support/h2_rig.h"

namespace heddle {
namespace {
using h2::ClientRig;
using h2::Fields;
using h2::frame;

// What the client says of one response; the stream is 1.
std::string heard(const Fields& response, bool end = true, const std::string& more = "") {
  ClientRig rig;
  rig.codec().open(rig.request(), true);
  rig.out();
  if (!rig.feed(h2::settings({}))) return "start failed";
  (void)rig.feed(h2::headers(1, response, end ? h2::kEndStream : 0) + more);
  rig.out();
  return rig.events.lines.empty() ? "nothing" : rig.events.lines.back();
}

TEST(Http2ClientCodec, SpeaksFirst) {
  ClientRig rig;

  std::string out = rig.out();

  EXPECT_EQ(out.substr(0, h2::kPreface.size()), h2::kPreface);
  auto settings = h2::only(h2::kSettings, out.substr(h2::kPreface.size()));
  ASSERT_EQ(settings.size(), 1U);
  EXPECT_NE(settings[0].payload.find(h2::u16(2) + h2::u32(0)), std::string::npos);  // ENABLE_PUSH 0
}

TEST(Http2ClientCodec, HearsAnswers) {
  EXPECT_EQ(heard({{":status", "200"}}), "1 response 200 END");
  EXPECT_EQ(heard({{":status", "999"}}), "1 response 999 END");
  EXPECT_EQ(heard({{":status", "304"}, {"content-length", "5"}}), "1 response 304 length=5 END");
}

TEST(Http2ClientCodec, MalformedAnswersAreProtocolErrors) {
  for (const Fields& bad : std::vector<Fields>{{{"x", "1"}},
                                               {{":status", "20x"}},
                                               {{":status", "101"}},
                                               {{":status", "200"}, {":status", "500"}},
                                               {{":status", "200"}, {":path", "/"}},
                                               {{":status", "200"}, {"Foo", "1"}},
                                               {{":status", "200"}, {"x", "1\r\ny: 2"}},
                                               {{":status", "200"}, {"connection", "close"}},
                                               {{":status", "200"}, {"transfer-encoding", "chunked"}},
                                               {{":status", "200"}, {"content-length", "5"}}}) {
    EXPECT_EQ(heard(bad), "1 reset protocol-error") << bad.back().first;
  }
}

TEST(Http2ClientCodec, ABodyLongerThanDeclaredIsAProtocolError) {
  Fields head{{":status", "200"}, {"content-length", "2"}};

  EXPECT_EQ(heard(head, false, frame(h2::kData, 1, 1, "abc")), "1 reset protocol-error");
}

TEST(Http2ClientCodec, ABodyBeforeTheFinalHeadIsAProtocolError) {
  EXPECT_EQ(heard({{":status", "103"}}, false, frame(h2::kData, 0, 1, "abc")), "1 reset protocol-error");
  EXPECT_EQ(heard({{":status", "103"}}, false, frame(h2::kData, 1, 1, "")), "1 reset protocol-error");
}

TEST(Http2ClientCodec, AnInformationalHeadDoesNotEndTheMessage) {
  EXPECT_EQ(heard({{":status", "103"}}, true), "1 reset protocol-error");
}

TEST(Http2ClientCodec, TrailersThatDoNotEndTheMessageAreAProtocolError) {
  EXPECT_EQ(heard({{":status", "200"}}, false, h2::headers(1, {{"x", "1"}}, 0)), "1 reset protocol-error");
}

TEST(Http2ClientCodec, A204HasNoBodyWhateverItsLengthSays) {
  EXPECT_EQ(heard({{":status", "204"}}, false, frame(h2::kData, 1, 1, "abc")), "1 reset protocol-error");
  EXPECT_EQ(heard({{":status", "204"}}, false, frame(h2::kData, 1, 1, "")), "1 end");
}

TEST(Http2ClientCodec, AHeadOverTheLimitIsAStreamError) {
  Fields head{{":status", "200"}};
  for (int i = 0; i < 101; ++i) head.emplace_back("x", "y");

  EXPECT_EQ(heard(head), "1 reset head-too-large");
}

TEST(Http2ClientCodec, TrailersOverTheLimitAreAStreamError) {
  Fields many;
  for (int i = 0; i < 101; ++i) many.emplace_back("x", "y");

  EXPECT_EQ(heard({{":status", "200"}}, false, h2::headers(1, many, 1)), "1 reset head-too-large");
}

TEST(Http2ClientCodec, RefusedStreamsAreToldApart) {
  EXPECT_EQ(heard({{":status", "200"}}, false, frame(h2::kRstStream, 0, 1, h2::u32(7))), "1 reset refused");
  EXPECT_EQ(heard({{":status", "200"}}, false, frame(h2::kRstStream, 0, 1, h2::u32(2))), "1 reset internal-error");
}

TEST(Http2ClientCodec, StreamsBeyondTheLastIdOfGoAwayAreUnprocessed) {
  ClientRig rig;
  rig.codec().open(rig.request(), true);
  rig.codec().open(rig.request(), true);
  rig.out();
  ASSERT_TRUE(rig.feed(h2::settings({})));

  ASSERT_TRUE(rig.feed(frame(h2::kGoAway, 0, 0, h2::u32(1) + h2::u32(0))));
  size_t room = rig.codec().capacity();
  ASSERT_TRUE(rig.feed(h2::headers(1, {{":status", "200"}}, 1)));
  rig.out();

  EXPECT_EQ(rig.events.all(), "1 goaway\n3 reset unprocessed\n1 response 200 END\n");
  EXPECT_EQ(room, 0U);
  EXPECT_TRUE(rig.codec().finished());
}

TEST(Http2ClientCodec, RequestsThatWereNeverSentAreUnprocessed) {
  ClientRig rig;
  rig.out();
  ASSERT_TRUE(rig.feed(h2::settings({})));
  StreamId id = rig.codec().open(rig.request(), true);
  bool sent = rig.codec().was_sent(id);

  ASSERT_TRUE(rig.feed(frame(h2::kGoAway, 0, 0, h2::u32(0) + h2::u32(0))));
  rig.out();

  EXPECT_FALSE(sent);
  EXPECT_EQ(rig.events.lines.back(), "1 reset unprocessed");
  EXPECT_EQ(rig.codec().active_streams(), 0U);
}

TEST(Http2ClientCodec, AResetBeforeTheHeadLeftSendsNothing) {
  ClientRig rig;
  rig.out();
  StreamId id = rig.codec().open(rig.request(), true);

  rig.codec().reset(id, ResetCode::kCancel);
  std::string out = rig.out();

  EXPECT_TRUE(h2::only(h2::kHeaders, out).empty());
  EXPECT_EQ(rig.codec().active_streams(), 0U);
  EXPECT_TRUE(rig.events.lines.empty());
}

TEST(Http2ClientCodec, CapacityFollowsThePeer) {
  ClientRig rig;
  rig.out();
  size_t assumed = rig.codec().capacity();
  ASSERT_TRUE(rig.feed(h2::settings({{3, 2}})));
  size_t told = rig.codec().capacity();

  rig.codec().open(rig.request(), true);
  size_t left = rig.codec().capacity();
  ASSERT_TRUE(rig.feed(h2::settings({{3, 0}})));

  EXPECT_EQ(assumed, 100U);
  EXPECT_EQ(told, 2U);
  EXPECT_EQ(left, 1U);
  EXPECT_EQ(rig.codec().capacity(), 0U);
}

TEST(Http2ClientCodec, ATunnelThatThePeerDoesNotAllowIsUnprocessed) {
  ClientRig rig;
  RequestHead head = rig.request();
  ASSERT_TRUE(head.set_protocol("websocket"));
  StreamId id = rig.codec().open(head, false);
  (void)rig.codec().send_data(id, Buffer(rig.pool, "early"), false);
  rig.out();

  ASSERT_TRUE(rig.feed(h2::settings({})));
  std::string out = rig.out();

  EXPECT_EQ(rig.events.count("reset unprocessed"), 1U);
  EXPECT_TRUE(h2::only(h2::kHeaders, out).empty());
  EXPECT_EQ(rig.codec().active_streams(), 0U);
}

TEST(Http2ClientCodec, PushIsAConnectionError) {
  ClientRig rig;
  rig.codec().open(rig.request(), true);
  rig.out();
  ASSERT_TRUE(rig.feed(h2::settings({}) + frame(h2::kSettings, h2::kAck, 0)));

  (void)rig.feed(frame(h2::kPushPromise, 4, 1, h2::u32(2) + h2::block(h2::get())));
  rig.out();

  EXPECT_TRUE(rig.codec().finished());
}

TEST(Http2ClientCodec, LeavesWithAGoAwayAndFinishesItsStreams) {
  ClientRig rig;
  rig.codec().open(rig.request(), true);
  rig.out();
  ASSERT_TRUE(rig.feed(h2::settings({})));

  rig.codec().go_away();
  auto goaway = h2::only(h2::kGoAway, rig.out());
  bool before = rig.codec().finished();
  ASSERT_TRUE(rig.feed(h2::headers(1, {{":status", "200"}}, 1)));

  EXPECT_EQ(goaway.size(), 1U);
  EXPECT_FALSE(before);
  EXPECT_EQ(rig.codec().capacity(), 0U);
  EXPECT_TRUE(rig.codec().finished());
}

TEST(Http2ClientCodec, EndOfInputInsideAnAnswerIsTruncation) {
  ClientRig rig;
  rig.codec().open(rig.request(), true);
  rig.out();
  ASSERT_TRUE(rig.feed(h2::settings({}) + h2::headers(1, {{":status", "200"}}, 0)));

  Result<void> result = rig.codec().receive_end();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::kUpstreamClosed);
}
}  // namespace
}  // namespace heddle
