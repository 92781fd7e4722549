// Attacks of reliability §3.3 on the server codec, each with its number, with drained and with blocked output; and the
// ordinary traffic (LEGIT) that must not be taken for one of them.
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/h2_frames.h"
#include "tests/support/h2_rig.h"

namespace heddle {
namespace {
using h2::frame;
using h2::ServerRig;

enum class Output { kDrained, kBlocked };

struct Flood {
  const char* name;
  std::function<std::string(uint32_t stream)> next;  // one round; stream ids are fresh
  size_t most_rounds;                                // closed at the latest then
  H2Abuse reason;
  bool opens_first = false;     // stream 1 is an open POST
  bool seen_when_sent = false;  // only by the reset it causes; until then the stream counts as open
};
std::ostream& operator<<(std::ostream& out, const Flood& flood) { return out << flood.name; }

std::string with_get(uint32_t id, const std::string& rest) { return h2::headers(id, h2::get(), h2::kEndStream) + rest; }
std::string rst(uint32_t id) { return frame(h2::kRstStream, 0, id, h2::u32(8)); }

std::vector<Flood> stream_floods() {
  using enum H2Abuse;
  return {
      {"rapid_reset", [](uint32_t id) { return with_get(id, rst(id)); }, 101, kRapidReset},
      {"reset_of_closed_streams", [](uint32_t) { return rst(1); }, 102, kRapidReset, true},
      {"window_overflow",
       [](uint32_t id) { return with_get(id, frame(h2::kWindowUpdate, 0, id, h2::u32(0x7fffffff))); }, 100,
       kProtocolError},
      {"upper_case_name",
       [](uint32_t id) {
         auto fields = h2::get();
         fields.emplace_back("A", "b");
         return h2::headers(id, fields, h2::kEndStream);
       },
       100, kInvalidHead},
      {"missing_path",
       [](uint32_t id) {
         return h2::headers(id, {{":method", "GET"}, {":scheme", "http"}}, 1);
       },
       100, kInvalidHead},
      {"bad_path", [](uint32_t id) { return h2::headers(id, h2::get("/a%2fb"), 1); }, 100, kInvalidHead},
      {"length_mismatch",
       [](uint32_t id) {
         auto fields = h2::post();
         fields.emplace_back("content-length", "5");
         return h2::headers(id, fields, 0) + frame(h2::kData, h2::kEndStream, id, "x");
       },
       101, kProtocolError, false, true},
      {"huge_head",
       [](uint32_t id) {
         auto fields = h2::get();
         for (int i = 0; i < 101; ++i) fields.emplace_back("x", "y");
         return h2::headers(id, fields, h2::kEndStream);
       },
       100, kHeadTooLarge},
  };
}

std::vector<Flood> frame_floods() {
  using enum H2Abuse;
  return {
      {"empty_data", [](uint32_t) { return frame(h2::kData, 0, 1); }, 100, kEmptyData, true},
      {"padding_only_data",
       [](uint32_t) { return frame(h2::kData, h2::kPadded, 1, std::string("\xff") + std::string(255, '\0')); }, 100,
       kEmptyData, true},
      {"ping", [](uint32_t) { return frame(h2::kPing, 0, 0, "12345678"); }, 101, kControlFrames},
      {"settings", [](uint32_t) { return h2::settings({}); }, 101, kControlFrames},
      {"window_flap",
       [](uint32_t id) {
         return h2::settings({{4, id % 4 == 1 ? 1 : 65535}});
       },
       101, kControlFrames, true},
      {"table_flap",
       [](uint32_t id) {
         return h2::settings({{1, id % 4 == 1 ? 0 : 4096}});
       },
       101, kControlFrames},
      {"priority", [](uint32_t id) { return frame(h2::kPriority, 0, id, h2::u32(0) + "\x10"); }, 1100, kPriority},
      {"unknown_type", [](uint32_t) { return frame(0xbb, 0, 0, "zz"); }, 1100, kUnknownFrame},
      {"window_update", [](uint32_t) { return frame(h2::kWindowUpdate, 0, 0, h2::u32(1)); }, 1010, kWindowUpdate},
      {"continuation",
       [](uint32_t id) {
         return id == 1 ? frame(h2::kHeaders, 1, 1, h2::block(h2::get())) : frame(h2::kContinuation, 0, 1);
       },
       66, kContinuation},
  };
}

std::vector<Flood> floods() {
  std::vector<Flood> all = stream_floods();
  std::vector<Flood> frames = frame_floods();
  all.insert(all.end(), frames.begin(), frames.end());
  return all;
}

class Http2Flood : public testing::TestWithParam<std::tuple<Flood, Output>> {};

TEST_P(Http2Flood, IsClosedAtItsNumber) {
  const auto& [flood, output] = GetParam();
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  rig.out();
  ASSERT_TRUE(rig.feed(flood.opens_first ? h2::headers(1, h2::post(), 0) : ""));

  size_t rounds = 0;
  Result<void> result;
  for (uint32_t id = flood.opens_first ? 3 : 1; result && rounds < 5000; id += 2, ++rounds) {
    if (!rig.codec().wants_read()) break;
    result = rig.feed(flood.next(id));
    if (output == Output::kDrained) rig.out();
  }

  EXPECT_LE(rounds, flood.most_rounds);
  EXPECT_FALSE(rig.codec().wants_read());
  if (flood.seen_when_sent && output == Output::kBlocked) return;  // the stream limit closed it
  ASSERT_TRUE(rig.codec().abuse().closed_for().has_value()) << rounds;
  EXPECT_EQ(to_text(*rig.codec().abuse().closed_for()), to_text(flood.reason));
  EXPECT_GT(rig.codec().abuse().counts()[static_cast<size_t>(flood.reason)], 0U);
  EXPECT_LE(rig.events.count("request"), 130U);
}

std::string flood_name(const testing::TestParamInfo<Http2Flood::ParamType>& info) {
  return std::string(std::get<0>(info.param).name) +
         (std::get<1>(info.param) == Output::kDrained ? "_drained" : "_blocked");
}
INSTANTIATE_TEST_SUITE_P(Attacks, Http2Flood,
                         testing::Combine(testing::ValuesIn(floods()),
                                          testing::Values(Output::kDrained, Output::kBlocked)),
                         flood_name);

TEST(Http2FloodAnswer, IsGoAwayEnhanceYourCalmAndAnAbuseError) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  rig.out();
  std::string flood;
  for (int i = 0; i < 300; ++i) flood += frame(h2::kPing, 0, 0, "12345678");

  Result<void> result = rig.feed(flood);
  std::string out = rig.out();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::kAbuse);
  auto goaway = h2::only(h2::kGoAway, out);
  ASSERT_FALSE(goaway.empty());
  EXPECT_EQ(h2::read_u32(goaway.back().payload.substr(4)), 11U);
  EXPECT_TRUE(rig.codec().finished());
}

TEST(Http2FloodAnswer, RapidResetIsAnsweredByUsAndNotByTheLibrary) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  rig.out();
  std::string flood;
  for (uint32_t id = 1; id < 500; id += 2) flood += with_get(id, rst(id));

  Result<void> result = rig.feed(flood);
  auto goaway = h2::only(h2::kGoAway, rig.out());

  ASSERT_FALSE(result);
  EXPECT_EQ(rig.events.count("request"), 101U);
  ASSERT_FALSE(goaway.empty());
  EXPECT_EQ(h2::read_u32(goaway.back().payload.substr(4)), 11U);
}

TEST(Http2FloodAnswer, MostlyPrematureResetsCloseAMeshConnection) {
  ServerRig rig(HttpLimits::mesh());
  ASSERT_TRUE(rig.feed(h2::client_start()));

  uint32_t id = 1;
  while (rig.codec().wants_read() && id < 4000) {
    if (!rig.feed(with_get(id, rst(id)))) break;
    rig.out();
    id += 2;
  }

  EXPECT_EQ(rig.codec().abuse().closed_for(), H2Abuse::kPrematureReset);
  EXPECT_LE(id / 2, 500U);
}

TEST(Http2FloodAnswer, SettingsThatAreNeverAcknowledgedEndTheConnection) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(std::string(h2::kPreface) + h2::settings({})));
  rig.out();
  ASSERT_TRUE(rig.codec().settings_deadline().has_value());

  rig.clock.advance(10s);
  Result<void> result = rig.feed(h2::headers(1, h2::get(), 1));
  auto goaway = h2::only(h2::kGoAway, rig.out());

  ASSERT_FALSE(result);
  ASSERT_EQ(goaway.size(), 1U);
  EXPECT_EQ(h2::read_u32(goaway[0].payload.substr(4)), 4U);
}

TEST(Http2FloodAnswer, StreamsRefusedBeforeTheAcknowledgementAreScored) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(std::string(h2::kPreface) + h2::settings({})));

  uint32_t id = 1;
  while (rig.codec().wants_read() && id < 4000 && rig.feed(h2::headers(id, h2::post(), 0))) {
    rig.out();
    id += 2;
  }

  EXPECT_EQ(rig.codec().abuse().closed_for(), H2Abuse::kRefusedStream);
  EXPECT_EQ(rig.events.count("request"), 100U);
  EXPECT_LE(id / 2, 201U);
}

TEST(Http2FloodAnswer, ReadingStopsWhileAnswersToThePeerPileUp) {
  HttpLimits limits;
  limits.max_concurrent_streams = 5000;
  ServerRig rig(limits);
  ASSERT_TRUE(rig.feed(h2::client_start()));
  rig.out();

  uint32_t id = 1;
  for (; rig.codec().wants_read() && id < 10000; id += 2) {
    ASSERT_TRUE(rig.feed(h2::headers(id, h2::get(), 1)));
    ResponseHead answer = rig.response(404);
    ASSERT_TRUE(answer.fields().add("x-filler", std::string(300, 'f')));
    rig.codec().respond(StreamId(id), answer, true);
  }
  ASSERT_TRUE(rig.feed(h2::headers(id, h2::get(), 1)));
  size_t left = rig.in.size();
  rig.out();
  ASSERT_TRUE(rig.feed(""));

  EXPECT_LT(id / 2, 250U);  // 64 KiB of heads
  EXPECT_GT(left, 0U);
  EXPECT_EQ(rig.in.size(), 0U);
}

TEST(Http2FloodAnswer, ReadingStopsAboveAThousandUnsentAnswers) {
  HttpLimits limits;
  limits.max_concurrent_streams = 5000;
  ServerRig rig(limits);
  ASSERT_TRUE(rig.feed(h2::client_start()));
  rig.out();
  auto ask_and_answer = [&rig, id = uint32_t{1}]() mutable {
    ASSERT_TRUE(rig.feed(h2::headers(id, h2::get(), 1)));
    rig.codec().respond(StreamId(id), rig.response(404), true);
    id += 2;
  };

  for (int i = 0; i < 1000; ++i) ask_and_answer();
  bool reads_at_the_limit = rig.codec().wants_read();
  ask_and_answer();
  bool reads_above = rig.codec().wants_read();
  rig.out();

  EXPECT_TRUE(reads_at_the_limit);
  EXPECT_FALSE(reads_above);
  EXPECT_TRUE(rig.codec().wants_read());
}

// A GOAWAY that only waits to be sent would not stop the library: 200,000 requests were delivered behind one.
TEST(Http2FloodAnswer, NothingIsTakenWhileItsGoAwayWaits) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  rig.out();
  std::string flood;
  for (int i = 0; i < 300; ++i) flood += frame(h2::kPing, 0, 0, "12345678");
  ASSERT_FALSE(rig.feed(flood));
  size_t left = rig.in.size();

  bool reads = rig.codec().wants_read();
  Result<void> result = rig.feed(with_get(1, ""));
  auto goaway = h2::only(h2::kGoAway, rig.out());

  EXPECT_FALSE(reads);
  EXPECT_FALSE(result);
  EXPECT_EQ(rig.in.size(), left + with_get(1, "").size());
  EXPECT_EQ(rig.events.count("request"), 0U);
  EXPECT_EQ(goaway.size(), 1U);
}

TEST(Http2FloodAnswer, UnsentDataNeverStopsReading) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  rig.out();
  ASSERT_TRUE(rig.feed(h2::headers(1, h2::post(), 0)));
  rig.codec().respond(StreamId(1), rig.response(), false);

  Flow flow = rig.codec().send_data(StreamId(1), Buffer(rig.pool, std::string(1 << 20, 'x')), true);

  EXPECT_EQ(flow, Flow::kFull);
  EXPECT_TRUE(rig.codec().wants_read());
}

TEST(Http2FloodAnswer, ThreeQuartersOfTheScoreWindDownInGoodOrder) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  rig.out();
  ASSERT_TRUE(rig.feed(h2::headers(1, h2::post(), 0)));

  for (int i = 0; i < 75; ++i) ASSERT_TRUE(rig.feed(frame(h2::kData, 0, 1)));
  auto goaway = h2::only(h2::kGoAway, rig.out());

  ASSERT_EQ(goaway.size(), 1U);
  EXPECT_EQ(h2::read_u32(goaway[0].payload), 0x7fffffffU);
  EXPECT_EQ(h2::read_u32(goaway[0].payload.substr(4)), 0U);
  EXPECT_TRUE(rig.codec().wants_read());
}

// H2-109
TEST(Http2Legit, FiftyRequestsPerSecondMayBeCancelledForTenMinutes) {
  ServerRig rig(HttpLimits::mesh());
  rig.events.keep_bodies = false;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  uint32_t id = 1;
  for (int round = 0; round < 600; ++round) {  // ten minutes, 50 cancelled each second
    std::string bytes;
    for (int i = 0; i < 50; ++i) bytes += with_get(id + static_cast<uint32_t>(2 * i), "");
    ASSERT_TRUE(rig.feed(bytes));
    rig.clock.advance(1s);
    bytes.clear();
    for (int i = 0; i < 50; ++i) bytes += rst(id + static_cast<uint32_t>(2 * i));
    ASSERT_TRUE(rig.feed(bytes));
    id += 100;
    rig.out();
  }

  EXPECT_TRUE(rig.codec().reusable());
}

// H2-111: 16 window updates for each of our DATA frames of 16 KiB.
TEST(Http2Legit, AReaderMayUpdateItsWindowForEveryKibibyte) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start() + frame(h2::kWindowUpdate, 0, 0, h2::u32(1 << 30))));
  ASSERT_TRUE(rig.feed(h2::headers(1, h2::get(), 1) + frame(h2::kWindowUpdate, 0, 1, h2::u32(1 << 20))));
  rig.codec().respond(StreamId(1), rig.response(), false);
  rig.out();
  for (int i = 0; i < 2000; ++i) {
    (void)rig.codec().send_data(StreamId(1), Buffer(rig.pool, std::string(16384, 'x')), false);
    ASSERT_EQ(h2::only(h2::kData, rig.out()).size(), 1U);
    std::string updates;
    for (int k = 0; k < 16; ++k) updates += frame(h2::kWindowUpdate, 0, 1, h2::u32(1024));
    ASSERT_TRUE(rig.feed(updates));
  }

  EXPECT_EQ(rig.codec().abuse().verdict(), Http2Abuse::Verdict::kFine);
}

// H2-113
TEST(Http2Legit, DataInFlightWhenWeResetIsIgnoredAndCreditedBack) {
  HttpLimits limits;
  limits.stream_window = 1 << 20;
  ServerRig rig(limits);
  ASSERT_TRUE(rig.feed(h2::client_start()));
  ASSERT_TRUE(rig.feed(h2::headers(1, h2::post(), 0)));
  rig.out();
  rig.codec().reset(StreamId(1), ResetCode::kCancel);
  rig.out();

  for (int i = 0; i < 500; ++i) ASSERT_TRUE(rig.feed(frame(h2::kData, 0, 1, std::string(2000, 'x'))));
  auto updates = h2::only(h2::kWindowUpdate, rig.out());

  EXPECT_EQ(rig.codec().abuse().score_at(rig.clock.now()), 0.5);  // the SETTINGS of the start
  ASSERT_FALSE(updates.empty());
  EXPECT_EQ(updates[0].stream, 0U);
  EXPECT_EQ(rig.events.count("data"), 0U);
}

// H2-115
TEST(Http2Legit, TenThousandDataFramesOfOneByteAreNotAbuse) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  ASSERT_TRUE(rig.feed(h2::headers(1, h2::post(), 0)));
  std::string bytes;
  for (int i = 0; i < 10000; ++i) bytes += frame(h2::kData, 0, 1, "x");

  ASSERT_TRUE(rig.feed(bytes));

  EXPECT_EQ(rig.events.received[1], 10000U);
  EXPECT_EQ(rig.codec().abuse().verdict(), Http2Abuse::Verdict::kFine);
}

TEST(Http2Legit, APingNextToEveryDataFrameIsABandwidthEstimatorAndNotAFlood) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  ASSERT_TRUE(rig.feed(h2::headers(1, h2::post(), 0)));

  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(rig.feed(frame(h2::kData, 0, 1, "x") + frame(h2::kPing, 0, 0, "12345678")));
    rig.out();
  }

  EXPECT_EQ(rig.codec().abuse().verdict(), Http2Abuse::Verdict::kFine);
}

TEST(Http2Legit, TheScoreDecaysInTenSeconds) {
  ServerRig rig;
  ASSERT_TRUE(rig.feed(h2::client_start()));
  ASSERT_TRUE(rig.feed(h2::headers(1, h2::post(), 0)));
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(rig.feed(frame(h2::kData, 0, 1)));

  rig.clock.advance(10s);

  EXPECT_EQ(rig.codec().abuse().score_at(rig.clock.now()), 0.0);
}

// The server floods the client: the same counters (H2-037, H2-039).
TEST(Http2ClientFlood, InformationalHeadsAreCapped) {
  h2::ClientRig rig;
  StreamId id = rig.codec().open(rig.request(), true);
  rig.out();
  ASSERT_TRUE(rig.feed(h2::settings({})));

  for (int i = 0; i < 30; ++i) ASSERT_TRUE(rig.feed(h2::headers(1, {{":status", "103"}}, 0)));

  EXPECT_EQ(id, StreamId(1));
  EXPECT_EQ(rig.events.count(" informational 103"), 16U);
  EXPECT_EQ(rig.events.lines.back(), "1 reset too-many-informational");
}

TEST(Http2ClientFlood, SettingsEmptyDataAndResetsCloseTheConnection) {
  auto closed_for = [](const std::string& one) {
    h2::ClientRig rig;
    rig.codec().open(rig.request(), true);
    rig.out();
    (void)rig.feed(h2::settings({}) + h2::headers(1, {{":status", "200"}}, 0));
    for (int i = 0; i < 200 && rig.codec().wants_read(); ++i) (void)rig.feed(one);
    return rig.codec().abuse().closed_for();
  };

  EXPECT_EQ(closed_for(h2::settings({})), H2Abuse::kControlFrames);
  EXPECT_EQ(closed_for(frame(h2::kData, 0, 1)), H2Abuse::kEmptyData);
  EXPECT_EQ(closed_for(rst(1)), H2Abuse::kRapidReset);
}
}  // namespace
}  // namespace heddle
