// Http2Engine: the half of the HTTP/2 codec that client and server share, on top of nghttp2 (which frames, compresses
// and keeps the windows). It adds what nghttp2 leaves open: abuse counting, limits of heads, bodies moved instead of
// copied, credit, reading that stops while our answers to the peer pile up. Owned by its codec; belongs to its loop.
//
// Upcalls are made from nghttp2's callbacks, inside receive() and produce(); everything a user calls only queues there.
// DATA that waits to be sent never stops reading: two peers that did so would wait for each other for ever.
#pragma once
#include <nghttp2/nghttp2.h>

#include <optional>

#include "lib/http/codec.h"
#include "lib/http/http2_abuse.h"
#include "lib/http/http2_frame.h"
#include "lib/http/http2_head_reader.h"
#include "lib/http/http2_session.h"
#include "lib/http/http2_stream.h"
#include "lib/http/http2_stream_order.h"

namespace heddle {
// What a codec needs from its worker; all outlive it.
struct Http2Worker {
  BlockPool& pool;
  Http2Memory& memory;
  const Clock& clock;
};

class Http2Engine {
 public:
  Http2Engine(const Http2Engine&) = delete;
  Http2Engine& operator=(const Http2Engine&) = delete;

  // For http2_callbacks.cc. int: nghttp2's error codes.
  int begin_headers(const nghttp2_frame&);
  int header(std::string_view name, std::string_view value);  // of the block that began last
  void frame_received(const nghttp2_frame&);
  void frame_invalid(const nghttp2_frame&, int error);
  void data_received(int32_t id, Bytes);
  void stream_closed(int32_t id, uint32_t code);
  void frame_sent(const nghttp2_frame&);
  void frame_not_sent(const nghttp2_frame&, int error);
  ssize_t read_data(int32_t id, size_t length, uint32_t& flags);
  int write_data(int32_t id, const uint8_t* header, size_t length);

 protected:
  Http2Engine(Http2Role, Http2Worker, const HttpLimits&, CodecEvents&);
  virtual ~Http2Engine() = default;

  // A header block begins: which stream, and reader_.begin(). Null: not ours.
  virtual Http2Stream* block_begins(const nghttp2_frame&) = 0;
  virtual void block_complete(Http2Stream&, bool end) = 0;
  virtual int block_too_large(Http2Stream&) = 0;
  virtual void peer_settings() {}

  Result<void> do_receive(Buffer& in);
  Result<void> do_receive_end();
  size_t do_produce(Buffer& out, size_t budget);
  bool do_wants_read() const;
  bool do_wants_write() const;
  Flow do_send_data(StreamId, Buffer&&, bool end);
  void do_send_trailers(StreamId, const HeaderMap&);
  void do_reset(StreamId, ResetCode);
  void do_credit(StreamId, size_t bytes);
  void do_go_away();
  bool do_finished() const;
  bool do_reusable() const;
  Result<void> do_expire();
  std::optional<MonoTime> do_settings_deadline() const;
  std::optional<MonoTime> do_go_away_deadline() const;
  std::optional<MonoTime> do_keep_alive_deadline() const;

  nghttp2_session* h2() const noexcept { return session_.get(); }
  Http2Stream* stream_of(int32_t wire_id) const noexcept;
  void upcall_reset(Http2Stream&, ResetCode);
  void submit_reset(Http2Stream&, uint32_t code);
  void reset_malformed(Http2Stream&, H2Abuse);
  void complete(Http2Stream&) noexcept;  // both ends are there: no more upcalls
  void note_end_of_body(Http2Stream&);
  void head_queued(Http2Stream&, size_t bytes) noexcept;
  void fail_with(Error, uint32_t code);
  Error protocol_error(std::string_view what) const;
  void act_on_abuse();

  // Due: to be submitted by the next produce().
  enum class Leaving : uint8_t { kNo, kNoticeDue, kNoticed, kFinalDue, kFinal };

  const Http2Role role_;
  BlockPool& pool_;
  Http2Memory& memory_;
  const Clock& clock_;
  const HttpLimits& limits_;
  CodecEvents& events_;
  Http2Streams streams_;
  Http2HeadReader reader_;
  Http2Abuse abuse_;
  KeepAlivePing keep_alive_;
  Leaving leaving_ = Leaving::kNo;
  bool peer_leaves_ = false;  // GOAWAY received
  bool peer_settings_here_ = false;
  bool input_ended_ = false;
  size_t unsent_requests_ = 0;  // client: submitted, head not on the wire
  size_t waiting_ = 0;          // client: extended CONNECTs that wait for SETTINGS
  std::optional<Error> error_;

 private:
  Result<void> feed(Buffer& in);
  void deliver_body();
  void check_stream_order();
  Result<void> recv_failed(ssize_t code);
  bool answers_pile_up() const;
  bool is_early(const Http2Stream&) const noexcept;
  void remote_end(Http2Stream&);
  void data_frame(const nghttp2_frame&);
  void settings_frame(const nghttp2_frame&);
  void reset_frame(const nghttp2_frame&);
  void end_sent(Http2Stream&);
  bool go_away_is_due() const;
  void submit_go_away();
  void check_deadlines();
  void check_silence();
  Error silent_peer() const;
  void drive(Buffer& out, size_t budget);
  void flush_drained();
  void submit_trailers(Http2Stream&);

  Http2FrameScanner scanner_;
  Http2StreamOrder stream_order_;  // server
  Http2Session session_;
  const Buffer* input_ = nullptr;   // while nghttp2 reads from it
  Buffer* output_ = nullptr;        // while nghttp2 writes to it
  Http2Stream* body_of_ = nullptr;  // inside receive(): whose pieces body_ holds
  Buffer body_{pool_};
  Http2Stream* block_ = nullptr;  // whose header block is being read: blocks do not interleave
  bool paused_ = false;           // mem_send stopped after a DATA frame
  bool closing_sent_ = false;     // a GOAWAY with an error left: nothing may follow
  bool go_away_queued_ = false;   // with nghttp2: nothing is read until it has left (rule 2.5)
  IntrusiveList<Http2Stream, DrainedTag> drained_;
  size_t head_bytes_ = 0;  // of heads that wait to be sent
  MonoTime noticed_at_{};
  std::optional<MonoTime> settings_sent_at_;
  bool settings_acknowledged_ = false;
};

ResetCode from_h2(uint32_t code) noexcept;
uint32_t to_h2(ResetCode) noexcept;
// http2_callbacks.cc: the data provider.
ssize_t read_http2_body(nghttp2_session*, int32_t id, uint8_t*, size_t length, uint32_t* flags, nghttp2_data_source*,
                        void* user);
}  // namespace heddle
