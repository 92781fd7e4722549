#include "lib/net/stream_transport.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/strings.h"
#include "lib/net/socket.h"

namespace heddle {
namespace {
Block* block_of(char* payload) { return reinterpret_cast<Block*>(payload) - 1; }

uv_buf_t as_uv_buf(Bytes bytes) {
  return uv_buf_init(const_cast<char*>(reinterpret_cast<const char*>(bytes.data())),
                     static_cast<unsigned>(bytes.size()));
}

Error clean_end() { return make_error(Reason::kNone, "both sides finished"); }
}  // namespace

// Owns itself while libuv has it; the bytes live until the kernel took them.
struct StreamTransport::WriteRequest {
  uv_write_t uv{};
  Buffer bytes;
  explicit WriteRequest(Buffer b) : bytes(std::move(b)) { uv.data = this; }
};

StreamTransport::StreamTransport(Loop& loop, UvHandle<uv_tcp_t> tcp, ConnectionInfo info, Connected connected)
    : loop_(loop),
      tcp_(std::move(tcp)),
      in_(loop.blocks()),
      out_(loop.blocks()),
      connected_(connected),
      info_(std::move(info)) {
  take_over(reinterpret_cast<uv_stream_t*>(tcp_.get()));
}

StreamTransport::StreamTransport(Loop& loop, UvHandle<uv_pipe_t> pipe, ConnectionInfo info, Connected connected)
    : loop_(loop),
      pipe_(std::move(pipe)),
      in_(loop.blocks()),
      out_(loop.blocks()),
      connected_(connected),
      info_(std::move(info)) {
  take_over(reinterpret_cast<uv_stream_t*>(pipe_.get()));
}

void StreamTransport::take_over(uv_stream_t* stream) {
  stream_ = stream;
  stream_->data = this;
  (void)uv_fileno(reinterpret_cast<uv_handle_t*>(stream_), &fd_);
}

void StreamTransport::observe(Observer* observer) {
  observer_ = observer;
  offer_wanted_ = true;
  want_upcalls();
}

Flow StreamTransport::write(Buffer&& bytes) {
  Buffer taken = std::move(bytes);
  if (state_ != State::kOpen || finish_wanted_ || write_error_) return Flow::kOpen;  // nobody will read them
  out_.append(std::move(taken));
  if (!out_.empty()) want_writes();
  if (queued() >= kWriteHighMark) is_full_ = true;
  return is_full_ ? Flow::kFull : Flow::kOpen;
}

void StreamTransport::finish() {
  if (state_ != State::kOpen || finish_wanted_) return;
  finish_wanted_ = true;
  want_writes();
}

void StreamTransport::close(CloseMode mode) {
  if (state_ == State::kClosed) return;
  if (mode == CloseMode::kAbort) {
    linger reset{1, 0};
    (void)setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    shut(make_error(Reason::kCancelled, "aborted by this side"));
    return;
  }
  if (state_ != State::kOpen) return;
  if (write_error_) return shut(*write_error_);
  state_ = State::kFlushing;
  flush_deadline_.arm(loop_, kFlushDeadline);
  want_writes();
  want_upcalls();
}

void StreamTransport::pause(PauseReason reason) {
  if (!paused_.any()) want_upcalls();  // the poll is changed once, at the end of the turn, if it is still wanted then
  paused_.set(reason);
}

void StreamTransport::resume(PauseReason reason) {
  if (!paused_.has(reason)) return;
  paused_.clear(reason);
  if (paused_.any()) return;
  offer_wanted_ = true;
  want_upcalls();
}

void StreamTransport::acknowledge() {
  if (!tcp_ || stream_ == nullptr) return;
  int now = 1;
  (void)setsockopt(fd_, IPPROTO_TCP, TCP_QUICKACK, &now, sizeof(now));
}

void StreamTransport::reoffer() {
  offer_wanted_ = true;
  want_upcalls();
}

size_t StreamTransport::queued() const {
  size_t in_flight = stream_ != nullptr ? uv_stream_get_write_queue_size(stream_) : 0;
  return out_.size() + in_flight;
}

std::optional<UniqueFd> StreamTransport::detach() {
  bool is_whole = end_ == EndOfInput::kNotYet && !finish_wanted_ && !write_error_;
  if (!tcp_ || state_ != State::kOpen || !is_whole || queued() > 0 || !in_.empty()) return std::nullopt;
  UniqueFd copy(fcntl(fd_, F_DUPFD_CLOEXEC, 0));
  if (!copy) return std::nullopt;
  state_ = State::kClosed;
  closed_told_ = true;  // the connection lives on: there is nothing to tell
  close_handle();
  return copy;
}

// --- reading

void StreamTransport::on_alloc(uv_handle_t* handle, size_t, uv_buf_t* buf) {
  auto* self = static_cast<StreamTransport*>(handle->data);
  if (self == nullptr) {
    *buf = uv_buf_init(nullptr, 0);
    return;
  }
  // The free list hands out the block it got back last: a busy loop reads into the same hot 64 KiB.
  Block* block = self->loop_.blocks().acquire(BlockSize::kLarge);
  *buf = uv_buf_init(reinterpret_cast<char*>(block->payload()), block->capacity);
}

void StreamTransport::on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buf) {
  Block* block = buf->base != nullptr ? block_of(buf->base) : nullptr;
  auto* self = static_cast<StreamTransport*>(stream->data);
  if (self == nullptr || count <= 0) {
    if (block != nullptr) BlockPool::release(block);
    if (self != nullptr && count < 0) self->input_ended(count);
    return;
  }
  Loop& loop = self->loop_;
  self->take_in(block, static_cast<size_t>(count));
  loop.turn_if_crowded();  // may destroy self
}

void StreamTransport::take_in(Block* block, size_t length) {
  if (state_ != State::kOpen) {
    BlockPool::release(block);
    return;
  }
  if (length >= block->capacity / 2) {
    in_.append_block(block, 0, length);
  } else {
    in_.append(Bytes{block->payload(), length});
    BlockPool::release(block);
  }
  if (may_offer() && connected_ == Connected::kTold) {
    offer();
  } else {
    offer_wanted_ = true;
  }
  sync_reading();
}

void StreamTransport::offer() {
  offer_wanted_ = false;
  if (!in_.empty()) observer_->on_data(in_);
  finish_if_both_ended();
}

void StreamTransport::input_ended(ssize_t why) {
  is_reading_ = false;
  uv_read_stop(stream_);
  if (state_ == State::kLingering) return shut(clean_end());
  if (why != UV_EOF) return shut(write_error_ ? *write_error_ : io_error("read", static_cast<int>(why)));
  if (write_error_) return shut(*write_error_);
  end_ = EndOfInput::kSeen;
  want_upcalls();
}

void StreamTransport::sync_reading() {
  if (stream_ == nullptr) return;
  bool wanted =
      end_ == EndOfInput::kNotYet && (state_ == State::kLingering || (may_offer() && in_.size() <= kUnconsumedMark));
  if (wanted == is_reading_) return;
  is_reading_ = wanted;
  if (wanted) {
    int status = uv_read_start(stream_, on_alloc, on_read);
    if (status != 0) shut(io_error("read", status));
  } else {
    uv_read_stop(stream_);
  }
}

// --- upcalls at the end of the turn; each may change the observer or close the transport

void StreamTransport::run_upcalls() {
  if (observer_ != nullptr && connected_ == Connected::kTell) {
    connected_ = Connected::kTold;
    if (state_ == State::kOpen) observer_->on_connected();
  }
  if (drained_wanted_ && observer_ != nullptr && state_ == State::kOpen) {
    drained_wanted_ = false;
    observer_->on_drained();
  }
  if (offer_wanted_ && may_offer()) offer();
  tell_end();
  sync_reading();
  if (state_ != State::kOpen) in_.clear();
  tell_closed();
}

void StreamTransport::tell_end() {
  if (end_ != EndOfInput::kSeen || offer_wanted_ || !may_offer()) return;
  end_ = EndOfInput::kTold;
  observer_->on_end();
  finish_if_both_ended();
}

void StreamTransport::finish_if_both_ended() {
  if (state_ == State::kOpen && end_ == EndOfInput::kTold && output_ended_ && in_.empty()) shut(clean_end());
}

void StreamTransport::tell_closed() {
  if (state_ != State::kClosed || closed_told_ || observer_ == nullptr) return;
  closed_told_ = true;
  Observer* observer = std::exchange(observer_, nullptr);
  observer->on_closed(*closed_why_);
}

// --- writing

void StreamTransport::run_writes() {
  if (stream_ == nullptr || is_writing_) return;
  for (int i = 0; i < kWritesPerTurn && !out_.empty(); ++i) {
    if (!write_some()) break;
  }
  if (stream_ == nullptr || write_error_) return;
  if (!out_.empty()) write_rest();
  check_drained();
  if (queued() == 0) output_is_empty();
}

// True when the kernel took everything it was given.
bool StreamTransport::write_some() {
  std::array<Bytes, kSlicesPerSend> slices;
  size_t count = out_.slices(slices);
  size_t offered = 0;
  for (size_t i = 0; i < count; ++i) offered += slices[i].size();
  ssize_t written = send_slices(fd_, {slices.data(), count});
  if (written == UV_EAGAIN) return false;
  if (written < 0) {
    write_failed(static_cast<int>(written));
    return false;
  }
  out_.consume(static_cast<size_t>(written));
  return static_cast<size_t>(written) == offered;
}

void StreamTransport::write_rest() {
  auto request = std::make_unique<WriteRequest>(out_.take(std::min(out_.size(), kWriteChunk)));
  std::array<Bytes, kSlicesPerSend> slices;
  std::array<uv_buf_t, kSlicesPerSend> bufs;
  size_t count = request->bytes.slices(slices);
  size_t length = 0;
  for (size_t i = 0; i < count; ++i) {
    bufs[i] = as_uv_buf(slices[i]);
    length += bufs[i].len;
  }
  if (length < request->bytes.size()) {  // more slices than one call takes: the rest waits for the next
    Buffer head = request->bytes.take(length);
    request->bytes.append(std::move(out_));
    out_ = std::exchange(request->bytes, std::move(head));
  }
  int status = uv_write(&request->uv, stream_, bufs.data(), static_cast<unsigned>(count), on_written);
  if (status != 0) return write_failed(status);
  (void)request.release();  // libuv has it now
  is_writing_ = true;
}

void StreamTransport::on_written(uv_write_t* uv, int status) {
  std::unique_ptr<WriteRequest> request(static_cast<WriteRequest*>(uv->data));
  if (auto* self = static_cast<StreamTransport*>(uv->handle->data)) self->written(status);
}

void StreamTransport::written(int status) {
  is_writing_ = false;
  if (status != 0) return write_failed(status);
  run_writes();
}

void StreamTransport::check_drained() {
  if (!is_full_ || queued() >= kWriteHighMark / 2) return;
  is_full_ = false;
  drained_wanted_ = true;
  want_upcalls();
}

void StreamTransport::output_is_empty() {
  bool is_wanted = finish_wanted_ || state_ == State::kFlushing;
  if (!is_wanted || stream_ == nullptr) return;
  if (!output_ended_) {
    output_ended_ = true;
    (void)shutdown(fd_, SHUT_WR);  // fails only if the peer reset: the read tells
  }
  if (state_ == State::kOpen) return finish_if_both_ended();
  if (end_ != EndOfInput::kNotYet) return shut(clean_end());
  state_ = State::kLingering;
  sync_reading();
}

// The peer may have sent its last words before it reset our writes (an early answer to an upload): read on until the
// kernel tells the end. If nobody reads now, nobody would find out: close.
void StreamTransport::write_failed(int status) {
  out_.clear();
  write_error_ = io_error("write", status);
  if (state_ != State::kOpen || !is_reading_) shut(*write_error_);
}

void StreamTransport::flush_deadline() {
  if (state_ == State::kLingering) return shut(clean_end());
  shut(make_error(Reason::kTimeout, str_cat(std::to_string(queued()), " bytes could not be flushed within 1s")));
}

void StreamTransport::shut(Error why) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  closed_why_ = std::move(why);
  out_.clear();  // not in_: an observer may have it in its hands
  close_handle();
  want_upcalls();
}

void StreamTransport::close_handle() {
  flush_deadline_.cancel();
  is_reading_ = false;
  stream_ = nullptr;
  fd_ = -1;
  tcp_.reset();
  pipe_.reset();
}
}  // namespace heddle
