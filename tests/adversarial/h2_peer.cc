#include "tests/adversarial/h2_peer.h"

#include <sys/socket.h>

namespace heddle::adversarial {
namespace {
constexpr uint8_t kPriorityFlag = 0x20;

// What is left when padding and priority are taken away.
std::string_view bare(const h2::Frame& frame) {
  std::string_view text = frame.payload;
  size_t pad = 0;
  if ((frame.flags & h2::kPadded) != 0 && !text.empty()) {
    pad = static_cast<unsigned char>(text[0]);
    text.remove_prefix(1);
  }
  bool priority = frame.type == h2::kHeaders && (frame.flags & kPriorityFlag) != 0;
  if (priority) text.remove_prefix(std::min<size_t>(5, text.size()));
  text.remove_suffix(std::min(pad, text.size()));
  return text;
}
}  // namespace

std::string HeardStream::get(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

H2Peer::H2Peer(BlockingClient& client) : client_(client) {
  nghttp2_hd_inflater* inflater = nullptr;
  nghttp2_hd_inflate_new(&inflater);
  inflater_.reset(inflater);
  timeval patience{10, 0};  // a proxy that stops reading must not hold the suite for ever
  setsockopt(client.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

void H2Peer::play(const FrameScript& script) {
  for (const ScriptStep& step : script.steps()) {
    client_.send(step.bytes);
    if (step.await >= 0) read_until([&] { return last_type == step.await; });
    last_type = 255;
  }
}

bool H2Peer::read_until(const std::function<bool()>& done) {
  while (!done()) {
    if (!read_frame()) return done();
  }
  return true;
}

bool H2Peer::read_frame() {
  std::string head = client_.read_exactly(9);
  if (head.size() == 9) head += client_.read_exactly(h2::read_u32(head) >> 8);
  std::vector<h2::Frame> frames = h2::parse(head);
  if (frames.empty()) {
    closed = client_.ended() != Ended::kNot;
    return false;
  }
  take(frames.front());
  return true;
}

void H2Peer::take(const h2::Frame& frame) {
  last_type = frame.type;
  last_stream = frame.stream;
  std::string_view payload = frame.payload;
  HeardStream& stream = streams[frame.stream];
  bool may_end = frame.type == h2::kData || frame.type == h2::kHeaders;
  if (may_end && (frame.flags & h2::kEndStream) != 0) stream.ended = true;
  if (frame.type == h2::kData) stream.body += bare(frame);
  if (frame.type == h2::kHeaders || frame.type == h2::kContinuation) take_head(frame);
  if (frame.type == h2::kRstStream && payload.size() == 4) stream.reset = h2::read_u32(payload);
  if (frame.type == h2::kGoAway && payload.size() >= 8) goaways.push_back(h2::read_u32(payload.substr(4)));
  if (frame.type == h2::kSettings && (frame.flags & h2::kAck) == 0) ++settings;
  if (frame.type == h2::kPing && (frame.flags & h2::kAck) != 0) ++pings;
}

void H2Peer::take_head(const h2::Frame& frame) {
  block_ += bare(frame);
  if ((frame.flags & h2::kEndHeaders) == 0) return;
  HeardStream& stream = streams[frame.stream];
  stream.fields.clear();
  const auto* at = reinterpret_cast<const uint8_t*>(block_.data());
  size_t left = block_.size();
  for (;;) {
    nghttp2_nv field;
    int flags = 0;
    ssize_t used = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, at, left, 1);
    if (used < 0) trouble = "a head that cannot be decoded";
    if (used < 0) break;
    at += used;
    left -= static_cast<size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      stream.fields.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen),
                                 std::string(reinterpret_cast<char*>(field.value), field.valuelen));
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  nghttp2_hd_inflate_end_headers(inflater_.get());
  block_.clear();
  if (std::string status = stream.get(":status"); !status.empty()) stream.status.push_back(status);
}
}  // namespace heddle::adversarial
