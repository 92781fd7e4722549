// Http1ServerCodec: the server side of one HTTP/1 connection (RFC 9112). One request at a time: the next pipelined
// request stays in the read buffer until the current exchange is over. Owned by its session; belongs to its loop; does
// no I/O. After `Connection: close`, HTTP/1.0, an early final answer, a reset or a failure what arrives is dropped.
#pragma once
#include "lib/http/codec.h"
#include "lib/http/http1_channel.h"
#include "lib/http/http1_write.h"

namespace heddle {

class Http1ServerCodec final : public ServerCodec {
 public:
  // `scheme` ("http" or "https") is what the transport is. Limits and events must outlive the codec.
  Http1ServerCodec(BlockPool&, const HttpLimits&, std::string_view scheme, ServerEvents&,
                   ReasonDisclosure = ReasonDisclosure::kNone);

  Result<void> receive(Buffer& in) override;
  Result<void> receive_end() override;
  size_t produce(Buffer& out, size_t budget) override;
  bool wants_read() const override;
  bool wants_write() const override { return !channel_.out().empty() || upgrade_ == Upgrade::kRefused; }
  [[nodiscard]] Flow send_data(StreamId, Buffer&&, bool end) override;
  void send_trailers(StreamId, const HeaderMap&) override;
  void reset(StreamId, ResetCode) override;
  void credit(StreamId, size_t bytes) override;
  void go_away() override { draining_ = true; }
  bool reusable() const override { return may_accept(); }
  bool finished() const override { return !channel_.is_open() && channel_.out().empty() && !may_accept(); }
  bool wants_finish() const override;
  size_t capacity() const override { return may_accept() && !channel_.is_open() ? 1 : 0; }
  size_t active_streams() const override { return channel_.is_open() ? 1 : 0; }
  void inform(StreamId, const ResponseHead&) override;
  void respond(StreamId, const ResponseHead&, bool end) override;
  std::optional<RefusedRequest> fail(const Error&) override;

 private:
  // kRefused: answered with something else than 101, and the user must still be told that the request has ended.
  enum class Upgrade : uint8_t { kNone, kAsked, kRefused };
  Result<void> receive_step(Buffer& in, bool& again);
  Result<void> receive_head(Buffer& in, bool& again);
  void begin_exchange();
  void accept_upgrade(const ResponseHead&);
  Http1ResponseFraming frame(const ResponseHead&, bool end);
  void after_send();
  bool head_begun() const noexcept { return parser_.begun() || left_ > 0; }
  bool may_accept() const noexcept;
  bool may_answer(StreamId id) const noexcept { return channel_.is_current(id) && !responded_; }
  bool may_send(StreamId id) const noexcept { return channel_.is_current(id) && responded_ && !channel_.send_ended(); }

  const HttpLimits& limits_;
  ServerEvents& events_;
  const ReasonDisclosure disclosure_;
  Http1Channel channel_;
  Http1RequestParser parser_;
  size_t left_ = 0;  // bytes the last receive() left behind
  int informed_ = 0;
  Upgrade upgrade_ = Upgrade::kNone;
  bool is_head_ = false;
  bool http10_ = false;
  bool client_takes_trailers_ = false;
  bool responded_ = false;
  bool closing_ = false;     // no request after the current one
  bool draining_ = false;    // no request that has not begun
  bool peer_ended_ = false;  // pipelined requests that are here already are still served
  bool failed_ = false;
};
}  // namespace heddle
