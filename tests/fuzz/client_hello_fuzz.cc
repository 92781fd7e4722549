// The server name in the first bytes of a connection whose TLS is somebody else's.
#include "lib/tls/client_hello.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
namespace {
using Step = SniffedHello::Step;

SniffedHello sniff(std::string_view text) { return sniff_client_hello(as_bytes(text)); }

void expect_plausible(std::string_view input, const SniffedHello& seen) {
  if (seen.step == Step::kNeedMore) {
    expect(seen.needs > input.size(), "who needs more needs more than there is");
    expect(seen.needs <= kMaxSniffedHello, "no more is asked for than is looked at");
    return;
  }
  if (seen.step == Step::kNotHello) return expect(seen.server_name.empty(), "what is no hello has no name");
  expect(input.starts_with("\x16\x03"), "a hello begins with a handshake record");
  expect(seen.server_name.size() <= 255, "a name is a name", seen.server_name);
  for (char c : seen.server_name) {
    expect(c > 0x20 && c < 0x7f && !(c >= 'A' && c <= 'Z'), "a name is lower case and can be printed");
  }
}
}  // namespace

HEDDLE_FUZZ_TARGET(client_hello, input) {
  SniffedHello whole = sniff(input);
  expect_plausible(input, whole);
  SniffedHello before;
  for (size_t n = 0; n <= input.size(); n += n < 100 ? 1 : 1 + input.size() / 64) {
    SniffedHello now = sniff(input.substr(0, n));
    expect_plausible(input.substr(0, n), now);
    if (n < before.needs && before.step == Step::kNeedMore) {
      expect(now.step != Step::kHello, "what it says it needs it needs");
    }
    if (before.step != Step::kNeedMore) {
      expect(now.step == before.step, "more bytes change no verdict");
      expect_same(now.server_name, before.server_name, "more bytes change no name");
    }
    before = std::move(now);
  }
  expect(input.size() < kMaxSniffedHello || whole.step != Step::kNeedMore, "enough bytes give a verdict");
}
}  // namespace heddle::fuzz
