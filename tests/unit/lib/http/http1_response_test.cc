// The adversarial catalogue of HTTP/1 answers: every case whole, byte by byte and cut at every offset.
#include <gtest/gtest.h>

#include "tests/support/http1_bench.h"

namespace heddle {
namespace {
using std::string_literals::operator""s;  // hides the seconds of lib/base/clock.h
enum class After { kReusable, kClosed };

struct ResponseCase {
  std::string id;
  std::string input;
  Reason reason;
  std::string events;  // the whole transcript
  After after = After::kClosed;
  Http1Asked asked = {};
};
std::ostream& operator<<(std::ostream& out, const ResponseCase& c) { return out << c.id; }

std::string ok(const std::string& rest) { return "HTTP/1.1 200 OK\r\n" + rest; }

class Http1Response : public testing::TestWithParam<ResponseCase> {};

TEST_P(Http1Response, HasTheExpectedVerdict) {
  const ResponseCase& c = GetParam();

  Http1Outcome got = ask_http1(c.input, {}, c.asked);

  EXPECT_EQ(got.reason, c.reason);
  EXPECT_EQ(got.events, c.events);
  if (c.reason == Reason::kNone) {
    EXPECT_EQ(got.finished, c.after == After::kClosed);
  }
}

TEST_P(Http1Response, DoesNotDependOnTheSplit) {
  const ResponseCase& c = GetParam();
  Http1Outcome whole = ask_http1(c.input, {}, c.asked);

  for (Split split : all_splits(c.input.size())) {
    Http1Outcome cut = ask_http1(c.input, split, c.asked);
    ASSERT_EQ(cut.events, whole.events) << split.first << "+" << split.step;
    ASSERT_EQ(cut.reason, whole.reason) << split.first << "+" << split.step;
    ASSERT_EQ(cut.finished, whole.finished) << split.first << "+" << split.step;
  }
}

std::string name_of(const testing::TestParamInfo<ResponseCase>& entry) { return entry.param.id; }
constexpr Reason kNone = Reason::kNone;
constexpr Reason kBroken = Reason::kUpstreamProtocolError;
constexpr Reason kClosedEarly = Reason::kUpstreamClosed;

INSTANTIATE_TEST_SUITE_P(
    Bad, Http1Response,
    testing::Values(
        ResponseCase{"H1R_001", ok("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), kBroken, ""},
        ResponseCase{"LengthBesideChunked", ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello"), kBroken,
                     ""},
        ResponseCase{"H1R_003", ok("Transfer-Encoding: gzip\r\n\r\nx<FIN>"), kBroken, ""},
        ResponseCase{"ChunkedInHttp10", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", kBroken, ""},
        ResponseCase{"H1R_005_nul", ok("X: a\0b\r\n\r\n"s), kBroken, ""},
        ResponseCase{"H1R_005_cr", ok("X: a\rb\r\n\r\n"), kBroken, ""},
        ResponseCase{"H1R_005_lf", ok("X: a\nY: b\r\n\r\n"), kBroken, ""},
        ResponseCase{"H1R_007", ok("X: a\r\n b\r\n\r\n"), kBroken, ""},
        ResponseCase{"NotHttp", "SSH-2.0-OpenSSH\r\n", kBroken, ""},
        ResponseCase{"Http2Version", "HTTP/2.0 200 OK\r\n\r\n", kBroken, ""},
        ResponseCase{"StatusOfTwoDigits", "HTTP/1.1 20 OK\r\n\r\n", kBroken, ""},
        ResponseCase{"StatusOfFourDigits", "HTTP/1.1 2000 OK\r\n\r\n", kBroken, ""},
        ResponseCase{"StatusOutOfRange", "HTTP/1.1 099 OK\r\n\r\n", kBroken, ""},
        ResponseCase{"NominatesFraming", ok("Connection: content-length\r\nContent-Length: 0\r\n\r\n"), kBroken, ""},
        ResponseCase{"HeadTooLarge", ok("X: " + std::string(61 * 1024, 'x') + "\r\n\r\n"),
                     Reason::kUpstreamHeadTooLarge, ""},
        ResponseCase{"UnaskedUpgrade",
                     "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", kBroken,
                     ""},
        ResponseCase{"H1R_017", ok("Content-Length: 10\r\n\r\nhello<FIN>"), kClosedEarly,
                     "response 1 200 [cl=10] {}\ndata 1 hello\n"},
        ResponseCase{"TruncatedChunks", ok("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n<FIN>"), kClosedEarly,
                     "response 1 200 {}\ndata 1 hello\n"},
        ResponseCase{"BadChunk", ok("Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX"), kBroken,
                     "response 1 200 {}\ndata 1 hello\n"},
        ResponseCase{"H1R_027", "HTTP/1.1 100 Continue\r\n\r\n<FIN>", kClosedEarly, "informational 1 100 {}\n"},
        ResponseCase{"ClosedSilently", "<FIN>", kClosedEarly, ""},
        ResponseCase{"ClosedInsideTheHead", "HTTP/1.1 200 OK\r\nX:<FIN>", kClosedEarly, ""}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Good, Http1Response,
    testing::Values(
        ResponseCase{"Plain", ok("Content-Length: 5\r\nX: y\r\n\r\nhello"), kNone,
                     "response 1 200 [cl=5] {x: y}\ndata 1 hello\nend 1\n", After::kReusable},
        ResponseCase{"H1R_009", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", kNone, "response 1 200 [cl=0] {}\nend 1\n",
                     After::kReusable},
        ResponseCase{"ReasonMayBeEmpty", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", kNone,
                     "response 1 200 [cl=0] {}\nend 1\n", After::kReusable},
        ResponseCase{"SpaceBeforeColonIsStripped", ok("X : y\r\nContent-Length: 0\r\n\r\n"), kNone,
                     "response 1 200 [cl=0] {x: y}\nend 1\n", After::kReusable},
        ResponseCase{
            "Chunked",
            ok("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x\r\n!\r\n0\r\nX-T: 1\r\nHost: evil\r\n\r\n"), kNone,
            "response 1 200 {}\ndata 1 hello!\ntrailers 1 {x-t: 1}\n", After::kReusable},
        ResponseCase{"SpaceBeforeColonIsStrippedFromTrailers",
                     ok("Transfer-Encoding: chunked\r\n\r\n0\r\nX-T : 1\r\n\r\n"), kNone,
                     "response 1 200 {}\ntrailers 1 {x-t: 1}\n", After::kReusable},
        ResponseCase{"H1R_013", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", kNone,
                     "go_away 1\nresponse 1 204 {}\nend 1\n"},
        ResponseCase{"NoContent", "HTTP/1.1 204 No Content\r\n\r\n", kNone, "response 1 204 {}\nend 1\n",
                     After::kReusable},
        ResponseCase{"NotModified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", kNone,
                     "response 1 304 [cl=5] {}\nend 1\n", After::kReusable},
        ResponseCase{"Head",
                     ok("Content-Length: 5\r\n\r\n"),
                     kNone,
                     "response 1 200 [cl=5] {}\nend 1\n",
                     After::kReusable,
                     {"HEAD", ""}},
        ResponseCase{"HeadOfChunked",
                     ok("Transfer-Encoding: chunked\r\n\r\n"),
                     kNone,
                     "response 1 200 {}\nend 1\n",
                     After::kReusable,
                     {"HEAD", ""}},
        ResponseCase{"H1R_019", ok("\r\nuntil close<FIN>"), kNone,
                     "go_away 1\nresponse 1 200 {}\ndata 1 until close\nend 1\n"},
        ResponseCase{"SaysClose", ok("Connection: close\r\nContent-Length: 1\r\n\r\nx"), kNone,
                     "go_away 1\nresponse 1 200 [cl=1] {}\ndata 1 x\nend 1\n"},
        ResponseCase{"Http10", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", kNone,
                     "go_away 1\nresponse 1 200 [cl=1] {}\ndata 1 x\nend 1\n"},
        ResponseCase{"Http10KeepAlive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
                     kNone, "response 1 200 [cl=1] {}\ndata 1 x\nend 1\n", After::kReusable},
        ResponseCase{"H1R_021", ok("Connection: X-Sec\r\nX-Sec: 1\r\nContent-Length: 0\r\n\r\n"), kNone,
                     "response 1 200 [cl=0] {}\nend 1\n", After::kReusable},
        ResponseCase{"EarlyHints", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + ok("Content-Length: 0\r\n\r\n"),
                     kNone, "informational 1 103 {link: a}\nresponse 1 200 [cl=0] {}\nend 1\n", After::kReusable},
        ResponseCase{
            "Tunnel",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nX: y\r\n\r\nGET /<FIN>",
            kNone,
            "response 1 101 {x: y}\ndata 1 GET /\nend 1\n",
            After::kReusable,
            {"GET", "websocket"}},
        ResponseCase{"UpgradeDeclined",
                     "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno",
                     kNone,
                     "response 1 426 [cl=2] {}\ndata 1 no\nend 1\n",
                     After::kReusable,
                     {"GET", "websocket"}}),
    name_of);

TEST(Http1ResponseOrder, BytesAfterAnAnswerAreNeverPairedWithALaterRequest) {  // H1R-015
  Http1Outcome got = ask_http1(ok("Content-Length: 2\r\n\r\nokHTTP/1.1 200 evil\r\nContent-Length: 0\r\n\r\n"));

  EXPECT_EQ(got.reason, Reason::kUpstreamProtocolError);
  EXPECT_EQ(got.events, "response 1 200 [cl=2] {}\ndata 1 ok\nend 1\n");
}

TEST(Http1ResponseOrder, SeventeenInformationalAnswersAreTooMany) {  // H1R-011
  std::string flood;
  for (int i = 0; i < 1000; ++i) flood += "HTTP/1.1 103 Early Hints\r\n\r\n";

  Http1Outcome got = ask_http1(flood);

  EXPECT_EQ(got.reason, Reason::kUpstreamTooManyInformational);
  EXPECT_EQ(std::count(got.events.begin(), got.events.end(), '\n'), 16);
}

TEST(Http1ResponseOrder, AnUpgradeToSomethingElseIsRefused) {
  Http1Outcome got = ask_http1("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", {},
                               {"GET", "websocket"});

  EXPECT_EQ(got.reason, Reason::kUpstreamProtocolError);
}
}  // namespace
}  // namespace heddle
