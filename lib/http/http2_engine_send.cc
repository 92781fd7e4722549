// What we send: bodies, trailers, resets, credit, and what nghttp2 says about frames that left.
#include <algorithm>
#include <utility>

#include "lib/base/assert.h"
#include "lib/http/http2_engine.h"
#include "lib/http/http2_head_writer.h"

namespace heddle {

void Http2Engine::head_queued(Http2Stream& stream, size_t bytes) noexcept {
  stream.head_bytes += bytes;
  head_bytes_ += bytes;
}

void Http2Engine::submit_reset(Http2Stream& stream, uint32_t code) {
  if (stream.reset_queued) return;
  stream.reset_queued = true;
  nghttp2_submit_rst_stream(h2(), NGHTTP2_FLAG_NONE, stream.wire_id, code);
}

void Http2Engine::note_end_of_body(Http2Stream& stream) {
  stream.local_ended = true;
  complete(stream);
  if (!stream.declared || *stream.declared == stream.queued) return;
  if (HEDDLE_BUG(true, "body length differs from content-length")) do_reset(stream.id, ResetCode::kInternalError);
}

Flow Http2Engine::do_send_data(StreamId id, Buffer&& data, bool end) {
  Http2Stream* stream = streams_.find(id);
  if (stream == nullptr || stream->local_ended || stream->reset_queued) return Flow::kOpen;
  stream->queued += data.size();
  stream->out.append(std::move(data));
  if (end) note_end_of_body(*stream);
  if (std::exchange(stream->deferred, false)) nghttp2_session_resume_data(h2(), stream->wire_id);
  if (stream->out.size() > limits_.stream_high_mark) stream->full = true;
  return stream->full ? Flow::kFull : Flow::kOpen;
}

void Http2Engine::do_send_trailers(StreamId id, const HeaderMap& trailers) {
  if (trailers.empty()) {
    (void)do_send_data(id, Buffer(pool_), true);
    return;
  }
  Http2Stream* stream = streams_.find(id);
  if (stream == nullptr || stream->local_ended || stream->reset_queued) return;
  stream->trailers.emplace(trailers.clone());
  (void)do_send_data(id, Buffer(pool_), true);
}

// A server that has answered asks a client with NO_ERROR to stop sending: only after its answer is out.
void Http2Engine::do_reset(StreamId id, ResetCode code) {
  Http2Stream* stream = streams_.find(id);
  if (stream == nullptr || stream->reset_queued) return;
  stream->ended_for_user = true;
  if (stream->uncredited > 0) nghttp2_session_consume_connection(h2(), std::exchange(stream->uncredited, 0));
  if (stream->wire_id == 0) {
    --waiting_;
    streams_.remove(*stream);
    return;
  }
  if (code == ResetCode::kNoError && stream->local_ended && !stream->end_sent) {
    stream->reset_after_end = true;
    return;
  }
  stream->out.clear();
  stream->trailers.reset();
  submit_reset(*stream, to_h2(code));
}

void Http2Engine::do_credit(StreamId id, size_t bytes) {
  Http2Stream* stream = streams_.find(id);
  if (stream == nullptr) return;
  if (HEDDLE_BUG(bytes > stream->uncredited && !stream->ended_for_user, "credit for more than was received"))
    bytes = stream->uncredited;
  bytes = std::min(bytes, stream->uncredited);
  stream->uncredited -= bytes;
  if (bytes == 0) return;
  if (stream->remote_ended) {
    nghttp2_session_consume_connection(h2(), bytes);
  } else {
    nghttp2_session_consume(h2(), stream->wire_id, bytes);
  }
}

void Http2Engine::submit_trailers(Http2Stream& stream) {
  Http2HeadWriter writer(memory_);
  writer.add_fields(*stream.trailers);
  head_queued(stream, stream.trailers->list_size());
  nghttp2_submit_trailer(h2(), stream.wire_id, writer.data(), writer.size());
  stream.trailers.reset();
}

// nghttp2 asks how much it may send; the bytes themselves move in write_data().
ssize_t Http2Engine::read_data(int32_t id, size_t length, uint32_t& flags) {
  Http2Stream* stream = stream_of(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  size_t n = std::min(length, stream->out.size());
  if (n == 0 && !stream->local_ended) {
    stream->deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (n == stream->out.size() && stream->local_ended) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream->trailers) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      submit_trailers(*stream);
    }
  }
  return static_cast<ssize_t>(n);
}

int Http2Engine::write_data(int32_t id, const uint8_t* header, size_t length) {
  Http2Stream* stream = stream_of(id);
  if (stream == nullptr) return NGHTTP2_ERR_CALLBACK_FAILURE;
  output_->append(Bytes(reinterpret_cast<const std::byte*>(header), kHttp2FrameHeaderBytes));
  output_->append(stream->out.take(length));
  abuse_.on_data_sent();
  bool drained = stream->full && stream->out.size() <= limits_.stream_high_mark / 2;
  if (drained && !stream->ListNode<Http2Stream, DrainedTag>::is_linked()) drained_.push_back(*stream);
  paused_ = true;  // back to drive(), which looks at the budget
  return NGHTTP2_ERR_PAUSE;
}

void Http2Engine::end_sent(Http2Stream& stream) {
  stream.end_sent = true;
  if (stream.reset_after_end && !stream.remote_ended) submit_reset(stream, NGHTTP2_NO_ERROR);
}

void Http2Engine::frame_sent(const nghttp2_frame& frame) {
  bool end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  bool ours = frame.hd.type == NGHTTP2_SETTINGS && (frame.hd.flags & NGHTTP2_FLAG_ACK) == 0;
  if (ours && !settings_acknowledged_) settings_sent_at_ = clock_.now();
  if (frame.hd.type == NGHTTP2_GOAWAY) go_away_queued_ = false;
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR) {
    closing_sent_ = true;
    if (!error_) error_ = protocol_error(nghttp2_http2_strerror(frame.goaway.error_code));
  }
  Http2Stream* stream = frame.hd.stream_id > 0 ? stream_of(frame.hd.stream_id) : nullptr;
  if (stream == nullptr) return;
  if (frame.hd.type == NGHTTP2_HEADERS) {
    if (frame.headers.cat == NGHTTP2_HCAT_REQUEST && !std::exchange(stream->sent, true)) --unsent_requests_;
    head_bytes_ -= std::exchange(stream->head_bytes, 0);
  }
  // A reset that nobody here asked for answers something the peer did.
  if (frame.hd.type == NGHTTP2_RST_STREAM && !stream->reset_queued && !std::exchange(stream->scored, true))
    abuse_.score(H2Abuse::kProtocolError, clock_.now());
  bool carries_end = frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
  if (carries_end && end) end_sent(*stream);
}

// A request that cannot be sent is closed by nghttp2; an answer or trailers that cannot would leave the stream open.
void Http2Engine::frame_not_sent(const nghttp2_frame& frame, int) {
  if (frame.hd.type != NGHTTP2_HEADERS || frame.headers.cat == NGHTTP2_HCAT_REQUEST) return;
  if (Http2Stream* stream = stream_of(frame.hd.stream_id)) submit_reset(*stream, NGHTTP2_INTERNAL_ERROR);
}
}  // namespace heddle
