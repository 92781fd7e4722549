// Walks the frame headers of an HTTP/2 byte stream (RFC 9113 §4.1) in step with nghttp2, because nghttp2 1.52 shows
// neither unknown frame types nor frames of streams it has forgotten, and abuse is counted per frame. Pure.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"

namespace heddle {
struct Http2FrameHeader {
  uint32_t length = 0;
  uint8_t type = 0;
  uint8_t flags = 0;
  int32_t stream = 0;
};
constexpr size_t kHttp2FrameHeaderBytes = 9;
constexpr size_t kHttp2PrefaceBytes = 24;  // what a client sends before its first frame (RFC 9113 §3.4)

class Http2FrameScanner {
 public:
  // `skip`: bytes before the first frame.
  explicit Http2FrameScanner(size_t skip) : payload_left_(skip) {}
  // How many of `bytes` belong to the frame at hand; 0 only for an empty view.
  size_t step(Bytes) noexcept;
  // The last step() completed the header of a new frame.
  bool frame_began() const noexcept { return began_; }
  const Http2FrameHeader& header() const noexcept { return header_; }

 private:
  void parse() noexcept;
  std::array<uint8_t, kHttp2FrameHeaderBytes> raw_{};
  size_t have_ = 0;
  size_t payload_left_;
  bool began_ = false;
  Http2FrameHeader header_;
};
}  // namespace heddle
