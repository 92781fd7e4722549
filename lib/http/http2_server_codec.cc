#include "lib/http/http2_server_codec.h"

#include "lib/base/assert.h"
#include "lib/http/http2_head_writer.h"

namespace heddle {
namespace {
Error head_too_large(std::string_view detail) {
  return make_error(Reason::kRequestHeadTooLarge, std::string(detail), Origin::kDownstream);
}
}  // namespace

using Kind = Http2HeadReader::Kind;
using Size = Http2HeadReader::Size;

Http2ServerCodec::Http2ServerCodec(Http2Worker worker, const HttpLimits& limits, ServerEvents& events,
                                   ReasonDisclosure disclosure)
    : Http2Codec<ServerCodec>(Http2Role::kServer, worker, limits, events),
      server_events_(events),
      disclosure_(disclosure) {}

Http2Stream* Http2ServerCodec::block_begins(const nghttp2_frame& frame) {
  int32_t id = frame.hd.stream_id;
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) {
    reader_.begin(Kind::kTrailers);
    return stream_of(id);
  }
  reader_.begin(Kind::kRequest);
  Http2Stream& stream = streams_.add(StreamId(id));
  stream.wire_id = id;
  stream.opened = clock_.now();
  stream.ended_for_user = true;  // until it is announced
  abuse_.on_stream_opened();
  nghttp2_session_set_stream_user_data(h2(), id, &stream);
  // Without RFC 7540 priorities nghttp2 sends one stream after the other unless they are incremental (RFC 9218).
  nghttp2_extpri even{NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};
  nghttp2_session_change_extpri_stream_priority(h2(), id, &even, 1);
  return &stream;
}

// A request over the limit is read to its end to be answered with 431, unless it is hopeless.
int Http2ServerCodec::block_too_large(Http2Stream& stream) {
  if (reader_.kind() == Kind::kRequest && reader_.size() != Size::kHopeless) return 0;
  upcall_reset(stream, ResetCode::kHeadTooLarge);
  if (reader_.kind() == Kind::kRequest) {
    server_events_.on_refused({head_too_large("more than four times its limit"), reader_.request(), 0});
  }
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

void Http2ServerCodec::block_complete(Http2Stream& stream, bool end) {
  if (end) stream.remote_ended = true;
  bool are_trailers = reader_.kind() == Kind::kTrailers;
  // Trailers end the message (RFC 9113 §8.1); a message that ends here has no body or, with trailers, its whole body.
  bool is_malformed = reader_.is_malformed() || (are_trailers && (!end || !stream.is_whole()));
  if (is_malformed && !are_trailers) return reset_request(stream, reader_.request());
  if (is_malformed) return reset_malformed(stream, H2Abuse::kInvalidHead);
  if (are_trailers) return trailers_complete(stream);
  request_complete(stream, end);
}

void Http2ServerCodec::trailers_complete(Http2Stream& stream) {
  if (stream.ended_for_user) return;
  complete(stream);
  events_.on_trailers(stream.id, reader_.take_trailers());
}

void Http2ServerCodec::request_complete(Http2Stream& stream, bool end) {
  if (reader_.size() != Size::kFits) return refuse(stream, head_too_large("the head is larger than its limit"));
  Result<RequestHead> head = reader_.take_request();
  if (!head) {
    abuse_.score(H2Abuse::kInvalidHead, clock_.now());
    return refuse(stream, head.error());
  }
  stream.head_request = head->is_head();
  stream.tunnel = !head->protocol().empty();
  if (!stream.tunnel) stream.expected = head->content_length;
  if (end && !stream.is_whole()) return reset_request(stream, *head);
  stream.ended_for_user = false;
  server_events_.on_request(stream.id, std::move(*head), end);
}

// Malformed, and not announced yet.
void Http2ServerCodec::reset_request(Http2Stream& stream, const RequestHead& head) {
  reset_malformed(stream, H2Abuse::kInvalidHead);
  server_events_.on_refused({protocol_error("malformed request"), head, 0});
}

void Http2ServerCodec::refuse(Http2Stream& stream, const Error& why) {
  const ReasonInfo& row = info(why.reason);
  ResponseHead answer(pool_, row.status);
  answer.content_length = 0;
  bool tell = disclosure_ == ReasonDisclosure::kName;
  if (tell && !answer.fields().add(HeaderName::kHeddleReason, row.name)) return;
  stream.ended_for_user = true;
  stream.local_ended = stream.head_done = stream.reset_after_end = true;
  submit(stream, answer, true);
  server_events_.on_refused({why, reader_.request(), row.status});
  reader_.release();
}

void Http2ServerCodec::submit(Http2Stream& stream, const ResponseHead& head, bool end) {
  uint16_t status = head.status == 101 ? 200 : head.status;  // RFC 8441 §5
  Http2HeadWriter writer(memory_);
  writer.add_response(head, status);
  head_queued(stream, head.fields().list_size());
  nghttp2_data_provider body{{}, read_http2_body};
  nghttp2_submit_response(h2(), stream.wire_id, writer.data(), writer.size(), end ? nullptr : &body);
}

void Http2ServerCodec::inform(StreamId id, const ResponseHead& head) {
  Http2Stream* stream = streams_.find(id);
  if (stream == nullptr || stream->head_done || stream->reset_queued) return;
  if (++stream->informational > limits_.informational) return;
  Http2HeadWriter writer(memory_);
  writer.add_response(head, head.status);
  head_queued(*stream, head.fields().list_size());
  nghttp2_submit_headers(h2(), NGHTTP2_FLAG_NONE, stream->wire_id, nullptr, writer.data(), writer.size(), nullptr);
}

void Http2ServerCodec::respond(StreamId id, const ResponseHead& head, bool end) {
  Http2Stream* stream = streams_.find(id);
  if (stream == nullptr || stream->reset_queued || stream->reset_after_end) return;
  if (HEDDLE_BUG(stream->head_done, "a second answer to one request")) return;
  if (HEDDLE_BUG(head.status == 101 && !stream->tunnel, "101 without an upgrade")) {
    return do_reset(id, ResetCode::kInternalError);
  }
  stream->head_done = true;
  bool no_body = stream->head_request || head.status == 204 || head.status == 304 || head.status == 101;
  if (!no_body && !end) stream->declared = head.content_length;
  if (end) {
    stream->local_ended = true;
    complete(*stream);
  }
  submit(*stream, head, end);
}

std::optional<RefusedRequest> Http2ServerCodec::fail(const Error& error) {
  uint32_t code = error.reason == Reason::kAbuse ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR;
  fail_with(error, code);
  return std::nullopt;
}
}  // namespace heddle
