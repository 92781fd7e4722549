// The adversarial catalogue of HTTP/1 requests, as far as a codec decides it: every case whole, byte by byte and cut at
// every offset, always with the same verdict.
#include <gtest/gtest.h>

#include "tests/support/http1_bench.h"

namespace heddle {
namespace {
using std::string_literals::operator""s;  // hides the seconds of lib/base/clock.h

struct RequestCase {
  std::string id;
  std::string input;
  std::string statuses;         // of all answers
  std::string sees = {};        // must stand in the transcript
  std::string never_sees = {};  // must not
};
std::ostream& operator<<(std::ostream& out, const RequestCase& c) { return out << c.id; }

std::string repeat(std::string_view text, size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += text;
  return out;
}
std::string post(const std::string& fields_and_body) { return "POST / HTTP/1.1\r\nHost: a\r\n" + fields_and_body; }
std::string chunked(const std::string& body) { return post("Transfer-Encoding: chunked\r\n\r\n" + body); }
std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }
std::string path(const std::string& p) { return "GET " + p + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

class Http1Request : public testing::TestWithParam<RequestCase> {};

TEST_P(Http1Request, HasTheExpectedVerdict) {
  const RequestCase& c = GetParam();

  Http1Outcome got = serve_http1(c.input);

  EXPECT_EQ(got.statuses, c.statuses) << got.events << got.output;
  EXPECT_NE(got.events.find(c.sees), std::string::npos) << got.events;
  if (!c.never_sees.empty()) {
    EXPECT_EQ(got.events.find(c.never_sees), std::string::npos) << got.events;
  }
  bool refused = !c.statuses.empty() && c.statuses.back() != '0';
  if (refused) {
    EXPECT_TRUE(got.finished);
    EXPECT_NE(got.output.find("\r\nconnection: close\r\n"), std::string::npos) << got.output;
    EXPECT_NE(got.output.find("\r\nheddle-reason: "), std::string::npos) << got.output;
  }
}

TEST_P(Http1Request, DoesNotDependOnTheSplit) {
  const RequestCase& c = GetParam();
  Http1Outcome whole = serve_http1(c.input);

  for (Split split : all_splits(c.input.size())) {
    Http1Outcome cut = serve_http1(c.input, split);
    ASSERT_EQ(cut.events, whole.events) << split.first << "+" << split.step;
    ASSERT_EQ(cut.output, whole.output) << split.first << "+" << split.step;
    ASSERT_EQ(cut.reason, whole.reason) << split.first << "+" << split.step;
    ASSERT_EQ(cut.finished, whole.finished) << split.first << "+" << split.step;
  }
}

std::string name_of(const testing::TestParamInfo<RequestCase>& entry) { return entry.param.id; }

INSTANTIATE_TEST_SUITE_P(
    Framing, Http1Request,
    testing::Values(
        RequestCase{"H1_001", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "400", "",
                    "request"},
        RequestCase{"H1_003",
                    post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled "
                         "HTTP/1.1\r\nHost: a\r\n\r\n"),
                    "400", "", "request"},
        RequestCase{"H1_005", post("Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), "400", "", "request"},
        RequestCase{"H1_007", post("Content-Length: 5, 6\r\n\r\nhello"), "400", "", "request"},
        RequestCase{"H1_009", post("Content-Length: -5\r\n\r\nhello"), "400", "", "request"},
        RequestCase{"H1_011", post("Content-Length: 0x5\r\n\r\nhello"), "400", "", "request"},
        RequestCase{"H1_013", post("Content-Length: 5Z\r\n\r\nhello"), "400", "", "request"},
        RequestCase{"H1_015", post("Content-Length: 5 5\r\n\r\nhello"), "400", "", "request"},
        RequestCase{"H1_017", post("Content-Length: 99999999999999999999\r\n\r\nhello"), "400", "", "request"},
        RequestCase{"LengthOf2To63", post("Content-Length: 9223372036854775808\r\n\r\nhello"), "400", "", "request"},
        RequestCase{"LengthWithPlus", post("Content-Length: +5\r\n\r\nhello"), "400", "", "request"},
        RequestCase{"H1_019", post("Content-Length: 010\r\n\r\n01234567xx"), "400", "", "request"},
        RequestCase{
            "H1_021",
            get("Content-Length: \r\nContent-Length: 43\r\n") + "POST /evil HTTP/1.1\r\nContent-Length: 18\r\n\r\n",
            "400", "", "request"},
        RequestCase{"H1_023", post("Content_Length: 5\r\n\r\nhello"), "400", "", "request"},
        RequestCase{"H1_025", post("Transfer-Encoding: ,chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n"), "400", "", "request"},
        RequestCase{"H1_027", post("Transfer-Encoding: xchunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n"), "501", "", "request"},
        RequestCase{"H1_029", post("Transfer-Encoding: chunked, gzip\r\n\r\n1\r\nZ\r\n0\r\n\r\n"), "400", "",
                    "request"},
        RequestCase{"H1_031", post("Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n"), "501", "",
                    "request"},
        RequestCase{"H1_033", post("Transfer-Encoding: \r\n\r\n1\r\nZ\r\n0\r\n\r\n"), "400", "", "request"},
        RequestCase{"H1_035", post("Transfer-Encoding: \x0c"s + "chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n"), "400", "",
                    "request"},
        RequestCase{"H1_037", post("Transfer-Encoding: \xa0"s + "chunked\xa0\r\n\r\n1\r\nZ\r\n0\r\n\r\n"), "400", "",
                    "request"},
        RequestCase{"H1_039", post("Transfer-Encoding: chunked;a=b\r\n\r\n1\r\nZ\r\n0\r\n\r\n"), "400", "", "request"},
        RequestCase{"H1_041", post("Transfer-Encoding: blegh\r\n\r\n1\r\nZ\r\n0\r\n\r\n"), "501", "", "request"},
        RequestCase{"H1_043",
                    post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n"), "400",
                    "", "request"},
        RequestCase{"ChunkedTwice", post("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"), "400", "", "request"},
        RequestCase{"H1_045", post("Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"), "400", "", "request"},
        RequestCase{"H1_047", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", "",
                    "request"},
        RequestCase{"LengthBody", post("Content-Length: 5\r\n\r\nhelloGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"), "200 200",
                    "data 1 hello\nend 1\nrequest 2"},
        RequestCase{"LengthZero", post("Content-Length: 0\r\n\r\n"), "200", "[cl=0]"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Chunks, Http1Request,
    testing::Values(
        RequestCase{"H1_049", chunked("0x1\r\nZ\r\n0\r\n\r\n"), "400", "request 1", "end"},
        RequestCase{"H1_051", chunked("-0x0\r\n\r\n"), "400", "request 1", "end"},
        RequestCase{"H1_053", chunked(" 1\r\nZ\r\n0\r\n\r\n"), "400", "request 1", "end"},
        RequestCase{"H1_055", chunked("1these-bytes-never-get-validated\r\nZ\r\n0\r\n\r\n"), "400", "request 1", "end"},
        RequestCase{"H1_057", chunked("FFFFFFFFFFFFFFFF1\r\nZ"), "400", "request 1", "data"},
        RequestCase{"H1_059", chunked("8000000000000000\r\nZ"), "400", "request 1", "data"},
        RequestCase{"H1_061", chunked("1\r\nZ\n0\r\n\r\n"), "400", "data 1 Z\n", "end"},
        RequestCase{"H1_063", chunked("3\r\nhello\r\n0\r\n\r\n"), "400", "data 1 hel\n", "end"},
        RequestCase{"H1_065", chunked("2\r\r;a\r\n02\r\n41\r\n0\r\n\r\n"), "400", "request 1", "end"},
        RequestCase{"H1_067", chunked("1;a\nb\r\nZ\r\n0\r\n\r\n"), "400", "request 1", "end"},
        RequestCase{"H1_069", chunked("41;a=b\r\rXXXX"), "400", "request 1", "end"},
        RequestCase{"H1_071", chunked("1;foo=bar\r\nZ\r\n0\r\n\r\n"), "200", "data 1 Z\nend 1", "foo"},
        RequestCase{"ExtensionQuoted", chunked("1;a=\"b\\\";\";c\r\nZ\r\n0;last\r\n\r\n"), "200", "data 1 Z\nend 1"},
        RequestCase{"ExtensionUnclosed", chunked("1;a=\"b\r\nZ\r\n0\r\n\r\n"), "400", "request 1", "end"},
        RequestCase{"ExtensionWithoutName", chunked("1;\r\nZ\r\n0\r\n\r\n"), "400", "request 1", "end"},
        RequestCase{"SizeEmpty", chunked("\r\nZ\r\n0\r\n\r\n"), "400", "request 1", "end"},
        RequestCase{"SizeWithSpaceBehind", chunked("1 \r\nZ\r\n0\r\n\r\n"), "400", "request 1", "end"},
        RequestCase{"SizeWithZeros", chunked("0000001\r\nZ\r\n0\r\n\r\n"), "200", "data 1 Z\nend 1"},
        RequestCase{"ExtensionTooLong", chunked("1;" + repeat("a", 4096) + "\r\nZ\r\n0\r\n\r\n"), "400", "", "end"},
        RequestCase{"H1_073", chunked(repeat("1;aaaaaaaa\r\nZ\r\n", 4000)), "400", "request 1", "end"},
        RequestCase{"H1_075", chunked("1\r\nZ\r\n0\r\nContent-Length: 50\r\n\r\n"), "200", "data 1 Z\nend 1",
                    "trailers"},
        RequestCase{"H1_077", chunked("1\r\nZ\r\n0\r\nx-forwarded-client-cert: By=evil\r\n\r\n"), "200", "end 1",
                    "evil"},
        RequestCase{"TrailersPass", chunked("1\r\nZ\r\n0\r\nX-Sum: 7\r\nHost: evil\r\n\r\n"), "200",
                    "data 1 Z\ntrailers 1 {x-sum: 7}"},
        RequestCase{"H1_079", chunked("1\r\nZ\r\n0\r\n" + repeat("X: y\r\n", 20000) + "\r\n"), "431", "data 1 Z\n",
                    "end"},
        RequestCase{"TrailerBareLf", chunked("0\r\nX: y\n\r\n"), "400", "request 1", "end"},
        RequestCase{"H1_081", chunked("17\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n\r\n\r\n0\r\n\r\n"), "400", "request 1",
                    "end"},
        RequestCase{"H1_083_chunked", chunked("5\r\nhel<FIN>"), "", "data 1 hel", "end"},
        RequestCase{"H1_083_length", post("Content-Length: 5\r\n\r\nhel<FIN>"), "", "data 1 hel", "end"},
        RequestCase{"FinBeforeTheLastChunk", chunked("1\r\nZ\r\n<FIN>"), "", "data 1 Z", "end"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Fields, Http1Request,
    testing::Values(
        RequestCase{"H1_085", get("X: a\n"), "400", "", "request"},
        RequestCase{"H1_087", "GET / HTTP/1.1\rHost: a\r\r", "400", "", "request"},
        RequestCase{"H1_089", "GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"H1_091", get("X: a\r\n b\r\n"), "400", "", "request"},
        RequestCase{"H1_093", get("nocolon\r\n"), "400", "", "request"},
        RequestCase{"EmptyName", get(": v\r\n"), "400", "", "request"},
        RequestCase{"SpaceBeforeColon", get("X : v\r\n"), "400", "", "request"},
        RequestCase{"TabInName", get("X\tY: v\r\n"), "400", "", "request"},
        RequestCase{"H1_095", get("X: a\0b\r\n"s), "400", "", "request"},
        RequestCase{"H1_097", get("X: a\x01\x7f"s + "b\r\n"), "400", "", "request"},
        RequestCase{"H1_099", get("\xc3\xa9: v\r\n"), "400", "", "request"},
        RequestCase{"H1_101", get("X: \x80\xff\r\n"), "200", "{x: \x80\xff}"},
        RequestCase{"H1_103", get("Useless:\n\nGET /x HTTP/1.1\r\n"), "400", "", "request"},
        RequestCase{"BareCrInValue", get("X: a\rb\r\n"), "400", "", "request"},
        RequestCase{"ValueIsTrimmed", get("X:  \t a b \t\r\n"), "200", "{x: a b}"},
        RequestCase{"NamesAreLowered", get("X-FoO: Bar\r\n"), "200", "{x-foo: Bar}"},
        RequestCase{"EmptyValue", get("X:\r\n"), "200", "{x: }"},
        RequestCase{"HundredFields", get(repeat("X: y\r\n", 99)), "200"},
        RequestCase{"TooManyFields", get(repeat("X: y\r\n", 100)), "431", "", "request"},
        RequestCase{"TooManyCrumbs", get(repeat("Cookie: a=b\r\n", 100)), "431", "", "request"},
        RequestCase{"HeadTooLarge", get("X: " + repeat("y", 61 * 1024) + "\r\n"), "431", "", "request"},
        RequestCase{"HeadLargeEnough", get("X: " + repeat("y", 50 * 1024) + "\r\n"), "200"},
        RequestCase{"H1_151", get("Connection: close, X-Foo\r\nX-Foo: 1\r\nX-Bar: 2\r\n"), "200", "{x-bar: 2}",
                    "x-foo"},
        RequestCase{"NominatedBefore", get("X-Foo: 1\r\nConnection: x-foo\r\nX-FOO: 2\r\n"), "200", "{}", "x-foo"},
        RequestCase{"NominatesTwice", get("Connection: x-a\r\nX-A: 1\r\nConnection: x-b\r\nX-B: 1\r\nx-c: 3\r\n"),
                    "200", "{x-c: 3}"},
        RequestCase{"NominatesIdentity", get("Connection: x-forwarded-client-cert\r\n"), "400", "", "request"},
        RequestCase{"NominatesFraming", get("Connection: Content-Length\r\n"), "400", "", "request"},
        RequestCase{"NominatesHost", get("Connection: host\r\n"), "400", "", "request"},
        RequestCase{"NominatesNonsense", get("Connection: a b\r\n"), "400", "", "request"},
        RequestCase{"H1_155", get("Connection: " + repeat("close,", 101) + "\r\n"), "431", "", "request"},
        RequestCase{"H1_155_60K", get("Connection: " + repeat("a,", 29000) + "\r\n"), "431", "", "request"},
        RequestCase{"H1_157", get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n"),
                    "200", "{}", "protocol"},
        RequestCase{"HopByHopIsRemoved",
                    get("Keep-Alive: 5\r\nProxy-Connection: x\r\nTE: trailers\r\nUpgrade: x\r\nA: b\r\n"), "200",
                    "te {a: b}"},
        RequestCase{"ExpectOther", get("Expect: 200-ok\r\n"), "417", "", "request"},
        RequestCase{"ExpectContinue", post("Content-Length: 1\r\nExpect: 100-Continue\r\n\r\nZ"), "200",
                    "{expect: 100-continue}"},
        RequestCase{"ExpectInHttp10", "POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nZ", "200",
                    "[cl=1] {}"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    RequestLine, Http1Request,
    testing::Values(
        RequestCase{"H1_105", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"H1_107", "GET /\nHTTP/1.1\r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"H1_109", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "200"},
        RequestCase{"TwoEmptyLines", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"H1_111", "GET /\r\n", "400", "", "request"},
        RequestCase{"H1_113", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505", "", "request"},
        RequestCase{"H1_115", "GET / HTTP/01.1\r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"H1_117", "GET / HTTP/4294967295.255\r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"LowerVersion", "GET / http/1.1\r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"SpaceBehindVersion", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"TabInRequestLine", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"H1_119", "G=\":<>(e),[T];?\" / HTTP/1.1\r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"H1_121", repeat("A", 10000) + " / HTTP/1.1\r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"H1_123", path("/" + repeat("a", 8000)), "200"},
        RequestCase{"UriTooLong", path("/" + repeat("a", 17000)), "414", "", "request"},
        RequestCase{"UriEndless", "GET /" + repeat("a", 17000), "414", "", "request"},
        RequestCase{"H1_125", path("/\0"s), "400", "", "request"},
        RequestCase{"H1_127", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505", "", "request"},
        RequestCase{"H1_131", path("*"), "400", "", "request"},
        RequestCase{"OptionsStar", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "200", "OPTIONS http a * "},
        RequestCase{"H1_133", "OPTIONS */test HTTP/1.1\r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"H1_135", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", "400", "", "request"},
        RequestCase{"ConnectIsRefused", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "501", "", "request"},
        RequestCase{"H1_137", path("http://b/x"), "200", "GET http b /x "},
        RequestCase{"AbsoluteWithoutPath", path("HTTP://b:81"), "200", "GET http b:81 / "},
        RequestCase{"AbsoluteHttpsOnPlaintext", path("https://b/x"), "200", "GET http b /x "},
        RequestCase{"AbsoluteWithoutHost", path("http:///x"), "400", "", "request"},
        RequestCase{"OtherScheme", path("ftp://b/x"), "400", "", "request"},
        RequestCase{"H1_139", path("http://u:p@a/"), "400", "", "request"},
        RequestCase{"H1_141", get("Host: a\r\n"), "400", "", "request"},
        RequestCase{"NoHost", "GET / HTTP/1.1\r\n\r\n", "400", "", "request"},
        RequestCase{"EmptyHost", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "400", "", "request"},
        RequestCase{"AbsoluteWithBadHost", "GET http://b/ HTTP/1.1\r\nHost: u@a\r\n\r\n", "400", "", "request"},
        RequestCase{"H1_143", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400", "", "request"},
        RequestCase{"H1_145", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400", "", "request"},
        RequestCase{"H1_147", "GET / HTTP/1.1\r\nHost: a\0.b\r\n\r\n"s, "400", "", "request"},
        RequestCase{"H1_149", "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n", "200", "GET http  / HTTP/1.0",
                    "request 2"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(Paths, Http1Request,
                         testing::Values(RequestCase{"H1_177", path("/app/../admin"), "400"},
                                         RequestCase{"H1_179", path("/app/%2E./admin"), "400"},
                                         RequestCase{"H1_181", path("/app/%2e%2E/admin"), "400"},
                                         RequestCase{"H1_183", path("/app//../admin"), "400"},
                                         RequestCase{"H1_185", path("/%2fadmin"), "400"},
                                         RequestCase{"H1_187", path("/app%5c..%5cadmin"), "400"},
                                         RequestCase{"H1_189", path("/admin%0a"), "400"},
                                         RequestCase{"H1_191", path("/%61dmin"), "200", "/%61dmin"},
                                         RequestCase{"H1_193", path("/admin;x=y"), "200", "/admin;x=y"},
                                         RequestCase{"H1_195", path("/%252e%252e/admin"), "200", "/%252e%252e/admin"},
                                         RequestCase{"H1_197", path("/Admin"), "200", "/Admin"},
                                         RequestCase{"H1_199", path("/admin?x=/../"), "200", "/admin?x=/../"}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(
    Connection, Http1Request,
    testing::Values(RequestCase{"H1_173", repeat(get(""), 100), repeat("200 ", 99) + "200", "request 100 "},
                    RequestCase{"H1_175", get("") + "<FIN>", "200", "request 1"},
                    RequestCase{"PipelinedThenFin", get("") + get("") + "<FIN>", "200 200", "request 2"},
                    RequestCase{"CloseEndsThePipeline", get("Connection: close\r\n") + get(""), "200", "request 1",
                                "request 2"},
                    RequestCase{"FinInsideAHead", "GET / HTTP/1.1\r\nHost<FIN>", "", "", "request"},
                    RequestCase{"FinBeforeAnything", "<FIN>", "", "", "request"},
                    RequestCase{"GoodThenBad", get("") + "BAD\r\n\r\n", "200 400", "request 1", "request 2"},
                    RequestCase{"ChunkedPipelined", chunked("1\r\nZ\r\n0\r\n\r\n") + get(""), "200 200",
                                "data 1 Z\nend 1\nrequest 2"},
                    RequestCase{"H1_161", "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "200",
                                "request 1", "protocol"},
                    RequestCase{"UpgradeOfAPost", post("Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"), "200",
                                "request 1", "protocol"},
                    RequestCase{"UpgradeNotNominated", get("Upgrade: websocket\r\n"), "200", "request 1", "protocol"}),
    name_of);
}  // namespace
}  // namespace heddle
