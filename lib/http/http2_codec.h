// Joins a codec interface (ServerCodec or ClientCodec) with the shared HTTP/2 engine: forwards, decides nothing, and
// adds what only HTTP/2 has: the SETTINGS timer, keep-alive pings, the abuse counters.
#pragma once
#include <algorithm>
#include <utility>

#include "lib/http/http2_engine.h"

namespace heddle {
template <class Role>
class Http2Codec : public Role, protected Http2Engine {
 public:
  Result<void> receive(Buffer& in) final { return do_receive(in); }
  Result<void> receive_end() final { return do_receive_end(); }
  size_t produce(Buffer& out, size_t budget) final { return do_produce(out, budget); }
  bool wants_read() const final { return do_wants_read(); }
  bool wants_write() const final { return do_wants_write(); }
  [[nodiscard]] Flow send_data(StreamId id, Buffer&& data, bool end) final {
    return do_send_data(id, std::move(data), end);
  }
  void send_trailers(StreamId id, const HeaderMap& trailers) final { do_send_trailers(id, trailers); }
  void reset(StreamId id, ResetCode code) final { do_reset(id, code); }
  void credit(StreamId id, size_t bytes) final { do_credit(id, bytes); }
  // Server: the first call asks for the notice; the second, or one second after it left, for the final GOAWAY. Both are
  // queued by produce(), so that the last id covers what was received until then.
  void go_away() final { do_go_away(); }
  bool reusable() const final { return do_reusable(); }
  bool finished() const final { return do_finished(); }
  size_t active_streams() const final { return streams_.size(); }

  // Until when the peer must acknowledge our SETTINGS; receive() and produce() fail the connection after that.
  std::optional<MonoTime> settings_deadline() const { return do_settings_deadline(); }
  // When produce() will want to send the final GOAWAY.
  std::optional<MonoTime> go_away_deadline() const { return do_go_away_deadline(); }
  std::optional<MonoTime> wake_at() const final {
    return earlier(earlier(settings_deadline(), go_away_deadline()), do_keep_alive_deadline());
  }
  void set_keep_alive(KeepAlive times) final { keep_alive_.set(times); }
  Result<void> expire() final { return do_expire(); }
  const Error* failure() const final { return error_ ? &*error_ : nullptr; }
  std::string_view abuse_kind() const final {
    return abuse_.closed_for() ? to_text(*abuse_.closed_for()) : std::string_view{};
  }
  const Http2Abuse& abuse() const { return abuse_; }

 protected:
  using Http2Engine::Http2Engine;

 private:
  static std::optional<MonoTime> earlier(std::optional<MonoTime> a, std::optional<MonoTime> b) {
    return a && b ? std::min(*a, *b) : a ? a : b;
  }
};
}  // namespace heddle
