// The memory formula with a client that speaks HTTP/2 in plaintext, frame by frame: one whose windows are open as wide
// as they go and that does not read, and one that sends all that the sidecar's windows allow.
#include <gtest/gtest.h>

#include "tests/support/backpressure_rig.h"
#include "tests/support/h2_frames.h"

namespace heddle {
namespace {
using namespace backpressure;
constexpr uint32_t kWidest = 0x7fffffff;
constexpr uint32_t kFirstWindow = 65535;  // of a connection and, until SETTINGS say otherwise, of a stream
constexpr size_t kFrame = 16 * 1024;
constexpr size_t kFrameHead = 9;

class Http2Downstream {
 public:
  explicit Http2Downstream(const Address& to) : socket_(to) {
    socket_.send(str_cat(h2::kPreface, h2::settings({{4, kWidest}}), h2::frame(h2::kSettings, h2::kAck, 0)));
    socket_.send(h2::frame(h2::kWindowUpdate, 0, 0, h2::u32(kWidest - kFirstWindow)));
  }
  // On stream 1, the only one.
  void ask(const h2::Fields& fields, uint8_t flags) { socket_.send(h2::headers(1, fields, flags)); }
  // A body of kHuge bytes as fast as the windows allow, counting.
  void pour(std::atomic<size_t>& written) {
    while (written < kHuge) {
      size_t n = std::min({kFrame, connection_window_, stream_window_, kHuge - written});
      if (n == 0) {
        if (!read_frame()) return;
        continue;
      }
      socket_.send(h2::frame(h2::kData, n == kHuge - written ? h2::kEndStream : uint8_t{0}, 1, std::string(n, 'p')));
      connection_window_ -= n;
      stream_window_ -= n;
      written += n;
    }
  }
  // The length of the answer's body.
  size_t read_body() {
    while (!ended_ && read_frame()) {
    }
    return body_;
  }

 private:
  bool read_frame() {
    std::string head = socket_.read_exactly(kFrameHead);
    if (head.size() < kFrameHead) return false;
    size_t length = h2::read_u32(head) >> 8;
    std::string payload = socket_.read_exactly(length);
    take(static_cast<uint8_t>(head[3]), static_cast<uint8_t>(head[4]), h2::read_u32(head.substr(5)), payload);
    return payload.size() == length;
  }
  void take(uint8_t type, uint8_t flags, uint32_t stream, const std::string& payload) {
    if (type == h2::kWindowUpdate) (stream == 0 ? connection_window_ : stream_window_) += h2::read_u32(payload);
    if (type == h2::kData) body_ += payload.size();
    if (stream == 1 && (type == h2::kRstStream || (type != h2::kWindowUpdate && (flags & h2::kEndStream))))
      ended_ = true;
  }
  BlockingClient socket_;
  size_t connection_window_ = kFirstWindow;
  size_t stream_window_ = kFirstWindow;  // or a little more: its SETTINGS say 64 KiB
  size_t body_ = 0;
  bool ended_ = false;
};

class BackpressureHttp2 : public BackpressureRig {
 protected:
  void download() {
    Http2Downstream client(entry());
    client.ask(h2::get(), h2::kEndStream);
    most_ = stall(written_);
    EXPECT_LT(written_, kHuge);
    EXPECT_EQ(client.read_body(), kHuge);
  }
  void upload() {
    Http2Downstream client(entry());
    client.ask(h2::post(), 0);
    std::atomic<size_t> sent{0};
    std::thread writer([&] { client.pour(sent); });
    most_ = stall(sent);
    EXPECT_LT(sent, kHuge);
    go_.set_value();
    writer.join();
    EXPECT_EQ(sent, kHuge);
    EXPECT_EQ(client.read_body(), std::string_view("done").size());
  }
};

TEST_F(BackpressureHttp2, ADownloadByAPlainClientHoldsItsFormula) {
  start_outbound(plain_snapshot({add_pouring_origin(true).address()}));

  download();

  EXPECT_LE(most_, kRounding * (2 * kTransport + kStream));
}

TEST_F(BackpressureHttp2, AnUploadByAPlainClientHoldsItsFormula) {
  start_outbound(plain_snapshot({add_lazy_origin(true).address()}));

  upload();

  EXPECT_LE(most_, kRounding * (2 * kTransport + kStream + kReplay));
}

TEST_F(BackpressureHttp2, ADownloadThroughTheMeshHoldsItsFormula) {
  join(add_pouring_origin(true).address());

  download();

  EXPECT_LE(most_, kRounding * (2 * kTransport + kTls + kStream));
}

TEST_F(BackpressureHttp2, AnUploadThroughTheMeshHoldsItsFormula) {
  join(add_lazy_origin(true).address());

  upload();

  EXPECT_LE(most_, kRounding * (2 * kTransport + kTls + kStream + kReplay));
}
}  // namespace
}  // namespace heddle
