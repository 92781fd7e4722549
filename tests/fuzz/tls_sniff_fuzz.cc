// What the first bytes of a connection are: TLS, HTTP/1, HTTP/2 or neither.
#include "lib/http/detect.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
namespace {
Detected detect_text(std::string_view text) { return detect(as_bytes(text)); }

// Every prefix of short inputs; of long ones the first hundred and a sample.
std::vector<size_t> prefixes_of(std::string_view input) {
  std::vector<size_t> out;
  for (size_t n = 0; n <= input.size(); n += n < 100 ? 1 : 1 + input.size() / 64) out.push_back(n);
  out.push_back(input.size());
  return out;
}

void expect_plausible(std::string_view input, Detected verdict) {
  if (verdict == Detected::kTls) expect(input.starts_with("\x16\x03"), "TLS begins with a handshake record");
  if (verdict == Detected::kHttp2)
    expect(input.starts_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "the preface was seen");
  if (verdict == Detected::kHttp1) {
    expect(input.find(" HTTP/1.") < input.find('\n'), "a whole request line was seen", input.substr(0, 200));
  }
}
}  // namespace

HEDDLE_FUZZ_TARGET(tls_sniff, input) {
  Detected verdict = Detected::kNeedMore;
  for (size_t n : prefixes_of(input)) {
    Detected now = detect_text(input.substr(0, n));
    if (verdict != Detected::kNeedMore) expect_same(to_text(now), to_text(verdict), "more bytes change no verdict");
    verdict = now;
    expect_plausible(input.substr(0, n), verdict);
  }
  expect(input.size() < kDetectBytes || verdict != Detected::kNeedMore, "enough bytes give a verdict");
}
}  // namespace heddle::fuzz
