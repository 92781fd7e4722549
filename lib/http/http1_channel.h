// Http1Channel: what server and client side of an HTTP/1 connection share: the one stream in flight, the output queue
// with its marks, body framing in both directions, the credit account. Owned by a codec. Upcalls (on_data, on_trailers,
// on_drained) come from receive_body(), receive_end() and produce() only.
#pragma once
#include <algorithm>

#include "lib/http/codec.h"
#include "lib/http/http1_body.h"

namespace heddle {

class Http1Channel {
 public:
  // `trailers`: those the peer sends.
  Http1Channel(BlockPool&, const HttpLimits&, CodecEvents&, Http1Section trailers);

  // A new stream; both directions are open.
  StreamId open_stream();
  bool is_open() const noexcept { return open_; }
  bool is_current(StreamId id) const noexcept { return open_ && id == id_; }
  StreamId id() const noexcept { return id_; }
  // No further upcall and no further byte of this stream; what is queued stays queued.
  void abandon() noexcept;

  // Our direction. The head is written into out() by the codec, then the body begins.
  Buffer& out() noexcept { return out_; }
  const Buffer& out() const noexcept { return out_; }
  void begin_send(Http1BodyEncoder::Framing framing, uint64_t length) noexcept { encoder_.begin(framing, length); }
  // kOpen or kFull. What contradicts the head breaks the message off: broken().
  Flow send(Buffer&& data);
  void end_send(const HeaderMap* trailers);
  bool send_ended() const noexcept { return send_ended_; }
  bool broken() const noexcept { return broken_; }
  void break_off() noexcept;
  Flow flow(size_t queued_elsewhere) noexcept;
  size_t produce(Buffer& out, size_t budget);
  bool produced_any() const noexcept { return produced_any_; }

  // The peer's direction.
  void begin_receive(const Http1BodyPlan&) noexcept;
  bool receiving() const noexcept { return receiving_; }
  bool receives_until_close() const noexcept { return receiving_ && decoder_.until_close(); }
  // Delivers what `in` holds of the body. kDone: it has ended (the stream, too, if we had ended). `more_follows` is set
  // before the last upcall when bytes beyond the message were there.
  Http1Step receive_body(Buffer& in, bool& more_follows);
  // The peer's direction ends without bytes; `upcall` says whether the user must still be told.
  void end_receive() noexcept;
  void deliver_end();
  bool receive_ended() const noexcept { return receive_ended_; }
  const Http1Fault& fault() const noexcept { return decoder_.fault(); }

  void begin_tunnel() noexcept;
  bool is_tunnel() const noexcept { return tunnel_; }

  void credit(size_t bytes) noexcept { uncredited_ -= std::min(bytes, uncredited_); }
  bool over_credit() const noexcept { return uncredited_ > limits_.uncredited_mark; }
  bool out_is_full() const noexcept { return out_.size() > limits_.stream_high_mark; }

 private:
  void close_when_over() noexcept;
  BlockPool& pool_;
  const HttpLimits& limits_;
  CodecEvents& events_;
  Buffer out_;
  Http1BodyEncoder encoder_;
  Http1BodyDecoder decoder_;
  HeaderMap trailers_;
  StreamId id_;
  size_t uncredited_ = 0;
  bool open_ = false;
  bool send_ended_ = false;
  bool receiving_ = false;
  bool receive_ended_ = false;
  bool tunnel_ = false;
  bool full_ = false;
  bool broken_ = false;
  bool produced_any_ = false;
};
}  // namespace heddle
