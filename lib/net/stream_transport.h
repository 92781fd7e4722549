// StreamTransport: the Transport of a connected uv_tcp_t or uv_pipe_t; lib/net's own header, others use
// tcp_transport.h. Writes wait for the TCP phase at the end of the turn and leave with send(); what the kernel
// refuses goes into one uv_write in flight, which owns its bytes. Reads land in a 64 KiB block that is kept only if it
// came half full. Upcalls are made from read callbacks and from the task phase, never inside a call down.
#pragma once
#include <optional>

#include "lib/base/deadline.h"
#include "lib/event/loop.h"
#include "lib/net/send.h"
#include "lib/net/tcp_transport.h"

namespace heddle {
class StreamTransport final : public Transport {
 public:
  // One uv_write at most this long, so that on_drained() comes in time.
  static constexpr size_t kWriteChunk = kWriteHighMark / 2;
  static constexpr int kWritesPerTurn = 16;

  StreamTransport(Loop&, UvHandle<uv_tcp_t>, ConnectionInfo, Connected);
  StreamTransport(Loop&, UvHandle<uv_pipe_t>, ConnectionInfo, Connected);
  StreamTransport(const StreamTransport&) = delete;
  StreamTransport& operator=(const StreamTransport&) = delete;
  ~StreamTransport() override = default;

  void observe(Observer*) override;
  [[nodiscard]] Flow write(Buffer&&) override;
  void finish() override;
  void close(CloseMode) override;
  void pause(PauseReason) override;
  void resume(PauseReason) override;
  void acknowledge() override;
  void reoffer() override;
  size_t queued() const override;
  const ConnectionInfo& info() const override { return info_; }
  void set_ends(const Address& peer, const Address& local) override { set_proxied_ends(info_, peer, local); }
  std::optional<UniqueFd> detach() override;

 private:
  // kFlushing: close(kFlush) waits for the queue. kLingering: the queue left and our FIN with it; closing now with
  // unread bytes would make the kernel send RST, which can destroy at the peer what we just wrote. So bytes are read
  // and dropped until the peer's end, within the same deadline.
  enum class State : uint8_t { kOpen, kFlushing, kLingering, kClosed };
  enum class EndOfInput : uint8_t { kNotYet, kSeen, kTold };
  struct WriteRequest;

  static void on_alloc(uv_handle_t*, size_t, uv_buf_t*);
  static void on_read(uv_stream_t*, ssize_t, const uv_buf_t*);
  static void on_written(uv_write_t*, int status);

  void take_over(uv_stream_t*);
  void take_in(Block*, size_t length);
  void input_ended(ssize_t why);
  void offer();
  bool may_offer() const { return observer_ != nullptr && state_ == State::kOpen && !paused_.any(); }
  void sync_reading();

  void run_writes();   // end of turn, TCP phase
  void run_upcalls();  // end of turn, task phase
  void tell_end();
  void tell_closed();
  bool write_some();
  void write_rest();
  void written(int status);
  void check_drained();
  void output_is_empty();
  void finish_if_both_ended();
  void flush_deadline();
  void write_failed(int status);
  void shut(Error why);
  void close_handle();
  void want_upcalls() { loop_.defer(upcalls_, Loop::Phase::kTask); }
  void want_writes() { loop_.defer(writes_, Loop::Phase::kTcp); }

  Loop& loop_;
  UvHandle<uv_tcp_t> tcp_;
  UvHandle<uv_pipe_t> pipe_;
  uv_stream_t* stream_ = nullptr;  // one of the two; null once closed
  uv_os_fd_t fd_ = -1;             // of stream_
  Observer* observer_ = nullptr;
  Buffer in_;
  Buffer out_;
  Flags<PauseReason> paused_;
  State state_ = State::kOpen;
  EndOfInput end_ = EndOfInput::kNotYet;
  Connected connected_;
  bool is_reading_ = false;
  bool offer_wanted_ = false;
  bool is_full_ = false;
  bool drained_wanted_ = false;
  bool is_writing_ = false;  // a uv_write is in flight
  bool finish_wanted_ = false;
  bool output_ended_ = false;  // our FIN is out
  bool closed_told_ = false;
  std::optional<Error> closed_why_;
  std::optional<Error> write_error_;
  DeferredOf<StreamTransport, &StreamTransport::run_writes> writes_{*this};
  DeferredOf<StreamTransport, &StreamTransport::run_upcalls> upcalls_{*this};
  DeadlineOf<StreamTransport, &StreamTransport::flush_deadline> flush_deadline_{*this};
  ConnectionInfo info_;
};
}  // namespace heddle
