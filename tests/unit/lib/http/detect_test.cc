#include "lib/http/detect.h"

#include <gtest/gtest.h>

#include <string>

namespace heddle {
namespace {
using std::string_literals::operator""s;  // hides the seconds of lib/base/clock.h
struct DetectCase {
  std::string id;
  std::string bytes;
  Detected verdict;
};
std::ostream& operator<<(std::ostream& out, const DetectCase& c) { return out << c.id; }
class Detection : public testing::TestWithParam<DetectCase> {};

TEST_P(Detection, NamesTheProtocol) {
  EXPECT_EQ(to_text(detect(as_bytes(GetParam().bytes))), to_text(GetParam().verdict));
}

TEST_P(Detection, KeepsItsVerdictWhenMoreBytesCome) {
  Detected verdict = Detected::kNeedMore;
  const std::string& bytes = GetParam().bytes;

  for (size_t n = 0; n <= bytes.size(); ++n) {
    Detected now = detect(as_bytes(std::string_view(bytes).substr(0, n)));
    if (verdict != Detected::kNeedMore) {
      ASSERT_EQ(now, verdict) << n;
    }
    verdict = now;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, Detection,
    testing::Values(DetectCase{"Nothing", "", Detected::kNeedMore},
                    DetectCase{"Get", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", Detected::kHttp1},
                    DetectCase{"Absolute", "POST http://a/ HTTP/1.0\r\n", Detected::kHttp1},
                    DetectCase{"OwnMethod", "M-SEARCH * HTTP/1.1\r\n", Detected::kHttp1},
                    DetectCase{"Connect", "CONNECT a:1 HTTP/1.1\r\n", Detected::kHttp1},
                    DetectCase{"LineNotOver", "GET / HTTP/1.1", Detected::kNeedMore},
                    DetectCase{"MethodOnly", "GET", Detected::kNeedMore},
                    DetectCase{"Http09", "GET /\r\n", Detected::kOpaque},
                    DetectCase{"Memcached", "get key\r\n", Detected::kOpaque},
                    DetectCase{"Redis", "*1\r\n$4\r\nPING\r\n", Detected::kOpaque},
                    DetectCase{"RedisInline", "GET /key\r\n", Detected::kOpaque},
                    DetectCase{"Ssh", "SSH-2.0-OpenSSH_9.2\r\n", Detected::kOpaque},
                    DetectCase{"Rtsp", "OPTIONS * RTSP/1.0\r\n", Detected::kOpaque},
                    DetectCase{"BareLf", "GET / HTTP/1.1\n", Detected::kOpaque},
                    DetectCase{"LongMethod", std::string(40, 'A'), Detected::kOpaque},
                    DetectCase{"EndlessLine", "GET /" + std::string(17000, 'a'), Detected::kOpaque},
                    DetectCase{"LongLine", "GET /" + std::string(16000, 'a') + " HTTP/1.1\r\n", Detected::kHttp1},
                    DetectCase{"Http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0"s, Detected::kHttp2},
                    DetectCase{"HalfAPreface", "PRI * HTTP/2.0\r\n\r\nS", Detected::kNeedMore},
                    DetectCase{"NoPreface", "PRI * HTTP/2.0\r\n\r\nXX", Detected::kOpaque},
                    DetectCase{"Tls", "\x16\x03\x01\x02\x00\x01\x00"s, Detected::kTls},
                    DetectCase{"TlsShort", "\x16\x03\x01\x02\x00"s, Detected::kNeedMore},
                    DetectCase{"TlsNoHello", "\x16\x03\x01\x02\x00\x02"s, Detected::kOpaque},
                    DetectCase{"TlsBadVersion", "\x16\x02"s, Detected::kOpaque},
                    DetectCase{"TlsHugeRecord", "\x16\x03\x03\xff\xff\x01"s, Detected::kOpaque},
                    DetectCase{"Zeros", "\0\0\0"s, Detected::kOpaque}),
    [](const auto& entry) { return entry.param.id; });
}  // namespace
}  // namespace heddle
