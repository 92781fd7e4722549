// H2Peer: one end of an HTTP/2 connection by hand: plays a FrameScript and notes what the other end says. Heads are
// decoded with nghttp2's inflater; everything else is read here. Blocking, one thread.
#pragma once
#include <nghttp2/nghttp2.h>

#include <functional>

#include "tests/adversarial/frame_script.h"
#include "tests/support/blocking_http.h"

namespace heddle::adversarial {
struct HeardStream {
  h2::Fields fields;                // of the last head
  std::vector<std::string> status;  // of every head
  std::string body;
  bool ended = false;
  std::optional<uint32_t> reset;
  std::string get(std::string_view name) const;
};

class H2Peer {
 public:
  explicit H2Peer(BlockingClient& client);
  void play(const FrameScript& script);
  // Reads frames until `done` or the end; false at the end.
  bool read_until(const std::function<bool()>& done);
  bool read_frame();
  void send(std::string_view bytes) { client_.send(bytes); }

  std::map<uint32_t, HeardStream> streams;
  std::vector<uint32_t> goaways;  // their codes
  int settings = 0;
  int pings = 0;  // acknowledged ones
  bool closed = false;
  uint8_t last_type = 255;
  uint32_t last_stream = 0;
  std::string trouble;

 private:
  struct InflaterDeleter {
    void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
  };
  void take(const h2::Frame& frame);
  void take_head(const h2::Frame& frame);
  BlockingClient& client_;
  std::unique_ptr<nghttp2_hd_inflater, InflaterDeleter> inflater_;
  std::string block_;
};
}  // namespace heddle::adversarial
