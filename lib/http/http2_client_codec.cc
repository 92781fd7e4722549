#include "lib/http/http2_client_codec.h"

#include "lib/base/assert.h"
#include "lib/http/http2_head_writer.h"

namespace heddle {
namespace {
constexpr size_t kMostStreams = 1000;  // of one connection, whatever the peer allows
}  // namespace

using Kind = Http2HeadReader::Kind;

Http2ClientCodec::Http2ClientCodec(Http2Worker worker, const HttpLimits& limits, ClientEvents& events)
    : Http2Codec<ClientCodec>(Http2Role::kClient, worker, limits, events), client_events_(events) {}

size_t Http2ClientCodec::capacity() const {
  if (!do_reusable()) return 0;
  size_t allowed = nghttp2_session_get_remote_settings(h2(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  allowed = std::min(allowed, kMostStreams);
  return allowed - std::min(allowed, streams_.size());
}

bool Http2ClientCodec::was_sent(StreamId id) const {
  const Http2Stream* stream = streams_.find(id);
  return stream == nullptr || stream->sent;
}

Http2Stream& Http2ClientCodec::new_stream(StreamId id) {
  Http2Stream& stream = streams_.add(id);
  stream.opened = clock_.now();
  abuse_.on_stream_opened();
  return stream;
}

StreamId Http2ClientCodec::open(const RequestHead& head, bool end) {
  (void)HEDDLE_BUG(capacity() == 0, "open() without capacity()");
  bool tunnel = !head.protocol().empty();
  bool may_go = !tunnel || nghttp2_session_get_remote_settings(h2(), NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
  if (may_go) {
    Http2Stream& stream = new_stream(StreamId(nghttp2_session_get_next_stream_id(h2())));
    submit(stream, head, end);
    return stream.id;
  }
  Http2Stream& stream = new_stream(StreamId(next_waiting_));
  next_waiting_ += 2;
  stream.waiting.emplace(head.clone());
  stream.local_ended = end;
  ++waiting_;
  return stream.id;
}

void Http2ClientCodec::submit(Http2Stream& stream, const RequestHead& head, bool end) {
  stream.tunnel = !head.protocol().empty();
  stream.head_request = head.is_head();
  if (!end && !stream.tunnel) stream.declared = head.content_length;
  if (end) stream.local_ended = true;
  bool bodiless = end && !stream.tunnel;
  Http2HeadWriter writer(memory_);
  writer.add_request(head);
  nghttp2_data_provider body{{}, read_http2_body};
  int32_t id = nghttp2_submit_request(h2(), nullptr, writer.data(), writer.size(), bodiless ? nullptr : &body, &stream);
  stream.wire_id = id;
  if (HEDDLE_BUG(id <= 0, "nghttp2 refused a request")) return;
  ++unsent_requests_;
}

// In produce(), once the peer's SETTINGS are here. A stream may vanish in the upcall for another.
void Http2ClientCodec::peer_settings() {
  bool allowed = nghttp2_session_get_remote_settings(h2(), NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
  while (waiting_ > 0) {
    Http2Stream* next = nullptr;
    streams_.for_each([&](Http2Stream& stream) {
      if (stream.wire_id == 0 && next == nullptr) next = &stream;
    });
    if (next == nullptr) return;
    --waiting_;
    RequestHead head = std::move(*next->waiting);
    next->waiting.reset();
    if (allowed) {
      submit(*next, head, false);
      continue;
    }
    StreamId id = next->id;
    bool tell = !next->ended_for_user;
    streams_.remove(*next);
    if (tell) events_.on_reset(id, ResetCode::kUnprocessed);
  }
}

Http2Stream* Http2ClientCodec::block_begins(const nghttp2_frame& frame) {
  Http2Stream* stream = stream_of(frame.hd.stream_id);
  bool trailers = stream != nullptr && stream->head_done;
  reader_.begin(trailers ? Kind::kTrailers : Kind::kResponse);
  return stream;
}

int Http2ClientCodec::block_too_large(Http2Stream& stream) {
  upcall_reset(stream, ResetCode::kHeadTooLarge);
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

void Http2ClientCodec::informational(Http2Stream& stream) {
  if (++stream.informational > limits_.informational) {
    abuse_.score(H2Abuse::kInformational, clock_.now());
    upcall_reset(stream, ResetCode::kTooManyInformational);
    submit_reset(stream, to_h2(ResetCode::kTooManyInformational));
    return;
  }
  if (!stream.ended_for_user) client_events_.on_informational(stream.id, reader_.take_response());
}

void Http2ClientCodec::response_complete(Http2Stream& stream, bool end) {
  stream.head_done = true;
  if (stream.ended_for_user) return;
  ResponseHead head = reader_.take_response();
  if (stream.tunnel && head.status / 100 == 2) {
    head.status = 101;
    head.content_length.reset();
  }
  bool no_body = stream.head_request || head.status == 204 || head.status == 304;
  stream.expected = no_body ? 0 : head.content_length;
  if (end && !stream.is_whole()) return reset_malformed(stream, H2Abuse::kInvalidHead);
  complete(stream);
  client_events_.on_response(stream.id, std::move(head), end);
}

void Http2ClientCodec::block_complete(Http2Stream& stream, bool end) {
  if (end) stream.remote_ended = true;
  bool are_trailers = reader_.kind() == Kind::kTrailers;
  bool is_final = are_trailers || reader_.status() >= 200;
  // Trailers end the message and a 1xx does not (RFC 9113 §8.1).
  bool is_malformed = reader_.is_malformed() || (are_trailers && !(end && stream.is_whole())) || (end && !is_final);
  if (is_malformed) return reset_malformed(stream, H2Abuse::kInvalidHead);
  if (!is_final) return informational(stream);
  if (!are_trailers) return response_complete(stream, end);
  if (stream.ended_for_user) return;
  complete(stream);
  events_.on_trailers(stream.id, reader_.take_trailers());
}
}  // namespace heddle
