#include "lib/http/http2_frame.h"

#include <gtest/gtest.h>

#include "tests/support/h2_frames.h"

namespace heddle {
namespace {
// "type/length/stream" of every frame the scanner saw when fed `piece` bytes at a time.
std::string scan(const std::string& bytes, size_t skip, size_t piece) {
  Http2FrameScanner scanner(skip);
  std::string seen;
  for (size_t at = 0; at < bytes.size();) {
    size_t n = scanner.step(as_bytes(bytes).subspan(at, std::min(piece, bytes.size() - at)));
    at += n;
    const Http2FrameHeader& h = scanner.header();
    if (scanner.frame_began())
      seen += std::to_string(h.type) + "/" + std::to_string(h.length) + "/" + std::to_string(h.stream) + " ";
  }
  return seen;
}

TEST(Http2FrameScanner, SeesEveryFrameHoweverTheBytesAreCut) {
  std::string bytes =
      h2::client_start() + h2::frame(0xbb, 0, 5, "zz") + h2::frame(h2::kData, 0, 1, std::string(300, 'x'));
  const char* expected = "4/0/0 4/0/0 187/2/5 0/300/1 ";

  EXPECT_EQ(scan(bytes, kHttp2PrefaceBytes, bytes.size()), expected);
  EXPECT_EQ(scan(bytes, kHttp2PrefaceBytes, 1), expected);
  EXPECT_EQ(scan(bytes, kHttp2PrefaceBytes, 7), expected);
}

TEST(Http2FrameScanner, IgnoresTheReservedBit) {
  EXPECT_EQ(scan(h2::frame(h2::kPing, 0, 0x80000001, ""), 0, 9), "6/0/1 ");
}
}  // namespace
}  // namespace heddle
