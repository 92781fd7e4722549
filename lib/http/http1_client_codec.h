// Http1ClientCodec: the client side of one HTTP/1 connection (RFC 9112). One request at a time. Owned by its session;
// belongs to its loop; does no I/O. Bytes that answer no request poison the connection: they are never paired with a
// later one. A truncated answer is never a clean end (rule H15): receive_end() gives the error.
#pragma once
#include "lib/http/codec.h"
#include "lib/http/http1_channel.h"

namespace heddle {

class Http1ClientCodec final : public ClientCodec {
 public:
  // Limits and events must outlive the codec.
  Http1ClientCodec(BlockPool&, const HttpLimits&, ClientEvents&);

  Result<void> receive(Buffer& in) override;
  Result<void> receive_end() override;
  size_t produce(Buffer& out, size_t budget) override { return channel_.produce(out, budget); }
  bool wants_read() const override { return !channel_.over_credit(); }
  bool wants_write() const override { return !channel_.out().empty(); }
  [[nodiscard]] Flow send_data(StreamId, Buffer&&, bool end) override;
  void send_trailers(StreamId, const HeaderMap&) override;
  void reset(StreamId, ResetCode) override;
  void credit(StreamId, size_t bytes) override;
  void go_away() override { closing_ = true; }
  bool reusable() const override { return !closing_; }
  bool finished() const override { return closing_ && !channel_.is_open() && channel_.out().empty(); }
  bool wants_finish() const override;
  size_t capacity() const override { return !closing_ && !channel_.is_open() ? 1 : 0; }
  size_t active_streams() const override { return channel_.is_open() ? 1 : 0; }
  // `head.protocol()` asks for an upgrade: nothing is sent after the head before the peer's own 101 (rule H14).
  StreamId open(const RequestHead&, bool end) override;

 private:
  Result<void> receive_step(Buffer& in);
  Result<void> receive_head(Buffer& in);
  Result<void> take_informational(ResponseHead&&);
  Result<void> take_upgrade(ResponseHead&&);
  void take_final(ResponseHead&&, const Buffer& rest);
  void begin_body(const RequestHead&, bool end);
  bool may_send(StreamId id) const noexcept { return channel_.is_current(id) && !channel_.send_ended(); }
  Error protocol_error(std::string_view what);

  const HttpLimits& limits_;
  ClientEvents& events_;
  Http1Channel channel_;
  Http1ResponseParser parser_;
  Buffer early_;  // sent by the user before the 101 has come
  int informational_ = 0;
  bool is_head_ = false;
  bool awaits_response_ = false;
  bool upgrade_asked_ = false;
  bool early_end_ = false;
  bool closing_ = false;  // no request after the current one
};
}  // namespace heddle
