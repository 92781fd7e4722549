#include "lib/http/http2_frame.h"

#include <algorithm>
#include <cstring>

namespace heddle {

void Http2FrameScanner::parse() noexcept {
  header_.length = uint32_t{raw_[0]} << 16 | uint32_t{raw_[1]} << 8 | raw_[2];
  header_.type = raw_[3];
  header_.flags = raw_[4];
  uint32_t stream = uint32_t{raw_[5]} << 24 | uint32_t{raw_[6]} << 16 | uint32_t{raw_[7]} << 8 | raw_[8];
  header_.stream = static_cast<int32_t>(stream & 0x7fffffff);
}

size_t Http2FrameScanner::step(Bytes bytes) noexcept {
  began_ = false;
  size_t taken = 0;
  if (payload_left_ == 0) {
    taken = std::min(kHttp2FrameHeaderBytes - have_, bytes.size());
    if (taken == 0) return 0;
    std::memcpy(raw_.data() + have_, bytes.data(), taken);
    have_ += taken;
    if (have_ < kHttp2FrameHeaderBytes) return taken;
    have_ = 0;
    parse();
    began_ = true;
    payload_left_ = header_.length;
  }
  size_t payload = std::min(payload_left_, bytes.size() - taken);
  payload_left_ -= payload;
  return taken + payload;
}
}  // namespace heddle
