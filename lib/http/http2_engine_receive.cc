// What the peer sent: frames to upcalls.
#include <utility>

#include "lib/http/http2_engine.h"

namespace heddle {
namespace {
bool has_end(const nghttp2_frame& frame) { return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0; }

// nghttp2 reports broken frames of one stream and of the connection through the same callback.
bool is_stream_error(const nghttp2_frame& frame, int error) {
  switch (error) {
    case NGHTTP2_ERR_HTTP_HEADER:
    case NGHTTP2_ERR_HTTP_MESSAGING:
    case NGHTTP2_ERR_REFUSED_STREAM:
      return true;
    case NGHTTP2_ERR_FLOW_CONTROL:
      return frame.hd.stream_id != 0;
    default:
      return false;
  }
}

H2Abuse kind_of(int error) {
  if (error == NGHTTP2_ERR_HTTP_HEADER || error == NGHTTP2_ERR_HTTP_MESSAGING) return H2Abuse::kInvalidHead;
  return error == NGHTTP2_ERR_REFUSED_STREAM ? H2Abuse::kRefusedStream : H2Abuse::kProtocolError;
}
}  // namespace

Http2Stream* Http2Engine::stream_of(int32_t wire_id) const noexcept {
  return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(h2(), wire_id));
}

// Pieces of one body that come together are told together: a frame may be as small as its sender likes.
void Http2Engine::deliver_body() {
  if (body_of_ == nullptr) return;
  Http2Stream& stream = *std::exchange(body_of_, nullptr);
  Buffer data = std::exchange(body_, Buffer(pool_));
  if (!stream.ended_for_user) events_.on_data(stream.id, std::move(data), false);
}

void Http2Engine::upcall_reset(Http2Stream& stream, ResetCode code) {
  if (body_of_ == &stream) deliver_body();
  if (stream.ended_for_user) return;
  stream.ended_for_user = true;
  events_.on_reset(stream.id, code);
}

void Http2Engine::complete(Http2Stream& stream) noexcept {
  if (stream.remote_ended && stream.local_ended) stream.ended_for_user = true;
}

int Http2Engine::begin_headers(const nghttp2_frame& frame) {
  block_ = block_begins(frame);
  return 0;
}

int Http2Engine::header(std::string_view name, std::string_view value) {
  Http2Stream* stream = block_;
  if (stream == nullptr) return 0;
  auto before = reader_.size();
  auto now_is = reader_.add(name, value);
  if (now_is == Http2HeadReader::Size::kFits) return 0;
  if (before == Http2HeadReader::Size::kFits) {
    abuse_.score(H2Abuse::kHeadTooLarge, clock_.now());
    stream->scored = true;
  }
  return block_too_large(*stream);
}

void Http2Engine::data_frame(const nghttp2_frame& frame) {
  bool only_padding = frame.hd.length > 0 && frame.hd.length == frame.data.padlen;
  if (only_padding && !has_end(frame)) abuse_.score(H2Abuse::kEmptyData, clock_.now());
  Http2Stream* stream = stream_of(frame.hd.stream_id);
  if (stream != nullptr && has_end(frame)) remote_end(*stream);
}

// What came before the end is told first and by itself: nobody credits what comes with an end, and a user that ends its
// side meanwhile must still hear of ours.
void Http2Engine::remote_end(Http2Stream& stream) {
  if (body_of_ == &stream) deliver_body();
  stream.remote_ended = true;
  if (stream.ended_for_user) return;
  if (is_early(stream) || !stream.is_whole()) return reset_malformed(stream, H2Abuse::kProtocolError);
  complete(stream);
  events_.on_data(stream.id, Buffer(pool_), true);
}

// A body before the final head.
bool Http2Engine::is_early(const Http2Stream& stream) const noexcept {
  return role_ == Http2Role::kClient && !stream.head_done;
}

// RFC 9113 §8.1.1.
void Http2Engine::reset_malformed(Http2Stream& stream, H2Abuse kind) {
  if (!std::exchange(stream.scored, true)) abuse_.score(kind, clock_.now());
  upcall_reset(stream, ResetCode::kProtocolError);
  submit_reset(stream, NGHTTP2_PROTOCOL_ERROR);
}

void Http2Engine::data_received(int32_t id, Bytes bytes) {
  Http2Stream* stream = stream_of(id);
  if (stream == nullptr || stream->ended_for_user) {
    nghttp2_session_consume_connection(h2(), bytes.size());
    return;
  }
  stream->received += bytes.size();
  if (is_early(*stream) || stream->is_overlong()) {
    nghttp2_session_consume_connection(h2(), bytes.size());
    return reset_malformed(*stream, H2Abuse::kProtocolError);
  }
  stream->uncredited += bytes.size();
  auto offset = static_cast<size_t>(bytes.data() - input_->front().data());
  if (body_of_ != stream) deliver_body();
  body_of_ = stream;
  body_.append(input_->share(offset, bytes.size()));
}

void Http2Engine::settings_frame(const nghttp2_frame& frame) {
  if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) {
    settings_sent_at_.reset();
    settings_acknowledged_ = true;
  } else {
    peer_settings_here_ = true;
  }
}

void Http2Engine::reset_frame(const nghttp2_frame& frame) {
  Http2Stream* stream = stream_of(frame.hd.stream_id);
  bool server = role_ == Http2Role::kServer;
  if (stream != nullptr && !server) return;  // as many as we opened
  std::optional<MonoTime> opened;
  if (stream != nullptr) opened = stream->opened;
  abuse_.on_reset_received(opened, clock_.now());
  act_on_abuse();  // now, so that our GOAWAY stands before nghttp2's own
}

void Http2Engine::frame_received(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_RST_STREAM) {
    if (Http2Stream* stream = stream_of(frame.hd.stream_id)) stream->reset_queued = true;  // RFC 9113 §5.4.2: no answer
  }
  if (frame.hd.type != NGHTTP2_DATA) deliver_body();
  switch (frame.hd.type) {
    case NGHTTP2_DATA:
      return data_frame(frame);
    case NGHTTP2_HEADERS:
      if (Http2Stream* stream = stream_of(frame.hd.stream_id)) block_complete(*stream, has_end(frame));
      return;
    case NGHTTP2_SETTINGS:
      return settings_frame(frame);
    case NGHTTP2_RST_STREAM:
      return reset_frame(frame);
    case NGHTTP2_GOAWAY:
      if (std::exchange(peer_leaves_, true)) return;  // the notice was heard already
      return events_.on_go_away(StreamId(frame.goaway.last_stream_id));
    default:
      return;
  }
}

void Http2Engine::frame_invalid(const nghttp2_frame& frame, int error) {
  if (!is_stream_error(frame, error)) {
    if (!error_) error_ = protocol_error(nghttp2_strerror(error));  // nghttp2 queues the GOAWAY itself
    return;
  }
  abuse_.score(kind_of(error), clock_.now());
  Http2Stream* stream = stream_of(frame.hd.stream_id);
  if (stream == nullptr) return;
  stream->scored = true;
  upcall_reset(*stream, ResetCode::kProtocolError);
}

// The only place where a stream that nghttp2 knows is destroyed.
void Http2Engine::stream_closed(int32_t id, uint32_t code) {
  Http2Stream* stream = stream_of(id);
  if (stream == nullptr) return;
  if (body_of_ == stream) deliver_body();
  // nghttp2 forgets bytes it delivered and never got back; the connection window would shrink for ever.
  if (stream->uncredited > 0) nghttp2_session_consume_connection(h2(), stream->uncredited);
  stream->uncredited = 0;
  if (block_ == stream) block_ = nullptr;
  head_bytes_ -= stream->head_bytes;
  bool never_sent = role_ == Http2Role::kClient && !stream->sent;
  if (never_sent && unsent_requests_ > 0) --unsent_requests_;
  bool unprocessed = never_sent || (peer_leaves_ && code == NGHTTP2_REFUSED_STREAM);
  upcall_reset(*stream, unprocessed ? ResetCode::kUnprocessed : from_h2(code));
  streams_.remove(*stream);
}
}  // namespace heddle
