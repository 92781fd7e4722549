#include "lib/http/http1_client_codec.h"

#include <utility>

#include "lib/base/assert.h"
#include "lib/http/http1_write.h"

namespace heddle {

Http1ClientCodec::Http1ClientCodec(BlockPool& pool, const HttpLimits& limits, ClientEvents& events)
    : limits_(limits),
      events_(events),
      channel_(pool, limits, events, Http1Section::kResponseTrailers),
      parser_(pool, limits),
      early_(pool) {}

Error Http1ClientCodec::protocol_error(std::string_view what) {
  closing_ = true;
  return make_error(Reason::kUpstreamProtocolError, std::string(what), Origin::kUpstream);
}

StreamId Http1ClientCodec::open(const RequestHead& head, bool end) {
  HEDDLE_ASSERT(capacity() > 0);
  StreamId id = channel_.open_stream();
  is_head_ = head.is_head();
  upgrade_asked_ = !head.protocol().empty();
  early_end_ = false;
  early_.clear();
  awaits_response_ = true;
  informational_ = 0;
  begin_body(head, end);
  return id;
}

void Http1ClientCodec::begin_body(const RequestHead& head, bool end) {
  Http1BodyPlan plan;
  auto framing = Http1BodyEncoder::Framing::kNone;
  if (!upgrade_asked_ && head.content_length) {
    framing = Http1BodyEncoder::Framing::kLength;
    plan.length = *head.content_length;
    if (plan.length > 0) plan.kind = Http1BodyPlan::Kind::kLength;
  } else if (!upgrade_asked_ && !end) {
    framing = Http1BodyEncoder::Framing::kChunked;
    plan.kind = Http1BodyPlan::Kind::kChunked;
  }
  write_http1_request(head, plan, channel_.out());
  channel_.begin_send(framing, plan.length);
  if (!end) return;
  if (upgrade_asked_) {
    early_end_ = true;
    return;
  }
  channel_.end_send(nullptr);
  if (channel_.broken()) closing_ = true;
}

Result<void> Http1ClientCodec::receive(Buffer& in) {
  Result<void> result;
  size_t before = in.size() + 1;
  while (result && !in.empty() && in.size() < before) {
    before = in.size();
    result = receive_step(in);
  }
  if (!result) closing_ = true;
  return result;
}

Result<void> Http1ClientCodec::receive_step(Buffer& in) {
  if (channel_.broken()) {
    in.clear();
    return {};
  }
  if (channel_.receiving()) {
    Http1Step step = channel_.receive_body(in, closing_);
    if (step == Http1Step::kFault) return upstream_error(channel_.fault());
    if (step == Http1Step::kDone && channel_.is_open()) closing_ = true;  // answered before the request was complete
    return {};
  }
  if (!awaits_response_ || !channel_.produced_any()) return protocol_error("bytes that answer no request");
  return receive_head(in);
}

Result<void> Http1ClientCodec::receive_head(Buffer& in) {
  Http1Step step = parser_.read(in, is_head_);
  if (step == Http1Step::kFault) return parser_.error();
  if (step == Http1Step::kMore) return {};
  ResponseHead head = parser_.take_head();
  if (head.status == 101) return take_upgrade(std::move(head));
  if (head.status < 200) return take_informational(std::move(head));
  take_final(std::move(head), in);
  return {};
}

Result<void> Http1ClientCodec::take_informational(ResponseHead&& head) {
  if (++informational_ > limits_.informational) {
    closing_ = true;
    return make_error(Reason::kUpstreamTooManyInformational, "too many 1xx answers", Origin::kUpstream);
  }
  if (!parser_.persistent()) closing_ = true;
  events_.on_informational(channel_.id(), std::move(head));
  return {};
}

Result<void> Http1ClientCodec::take_upgrade(ResponseHead&& head) {
  const Http1Facts& facts = parser_.facts();
  if (!upgrade_asked_) return protocol_error("a 101 that nobody asked for");
  if (!facts.connection_upgrade || !facts.websocket) return protocol_error("a 101 for another protocol");
  closing_ = true;
  awaits_response_ = upgrade_asked_ = false;
  channel_.begin_tunnel();
  (void)channel_.send(std::move(early_));
  StreamId id = channel_.id();
  if (early_end_) channel_.end_send(nullptr);
  events_.on_response(id, std::move(head), false);
  return {};
}

void Http1ClientCodec::take_final(ResponseHead&& head, const Buffer& rest) {
  awaits_response_ = false;
  StreamId id = channel_.id();
  bool said_close = !parser_.persistent();
  if (said_close) closing_ = true;
  if (std::exchange(upgrade_asked_, false)) {  // an ordinary answer: the request was complete with its head
    early_.clear();
    channel_.end_send(nullptr);
  }
  bool has_body = parser_.body().kind != Http1BodyPlan::Kind::kNone;
  if (!has_body && (!rest.empty() || !channel_.send_ended())) closing_ = true;
  if (said_close) events_.on_go_away(id);
  if (!channel_.is_current(id)) return;  // reset by the upcall
  channel_.begin_receive(parser_.body());
  events_.on_response(id, std::move(head), !has_body);
}

Result<void> Http1ClientCodec::receive_end() {
  closing_ = true;
  if (!channel_.is_open()) return {};
  if (channel_.is_tunnel() || channel_.receives_until_close()) {
    if (!channel_.receive_ended()) channel_.deliver_end();
    return {};
  }
  if (channel_.receive_ended()) {  // answered; the rest of the request has no reader
    channel_.abandon();
    return {};
  }
  std::string_view what = awaits_response_ ? "closed before it answered" : "closed inside an answer: body truncated";
  return make_error(Reason::kUpstreamClosed, std::string(what), Origin::kUpstream);
}

Flow Http1ClientCodec::send_data(StreamId id, Buffer&& data, bool end) {
  if (!may_send(id)) {
    data.clear();
    return Flow::kOpen;
  }
  if (upgrade_asked_) {
    early_.append(std::move(data));
    early_end_ = early_end_ || end;
    return channel_.flow(early_.size());
  }
  Flow flow = channel_.send(std::move(data));
  if (end && channel_.is_open()) channel_.end_send(nullptr);
  if (channel_.broken()) closing_ = true;
  return flow;
}

void Http1ClientCodec::send_trailers(StreamId id, const HeaderMap& trailers) {
  if (!may_send(id)) return;
  if (upgrade_asked_) {
    early_end_ = true;
    return;
  }
  channel_.end_send(&trailers);
  if (channel_.broken()) closing_ = true;
}

// What was not produced yet is not sent any more: the request ends in the middle and the connection with it.
void Http1ClientCodec::reset(StreamId id, ResetCode) {
  if (!channel_.is_current(id)) return;
  closing_ = true;
  channel_.out().clear();
  early_.clear();
  channel_.break_off();
}

void Http1ClientCodec::credit(StreamId id, size_t bytes) {
  if (channel_.is_current(id)) channel_.credit(bytes);
}

bool Http1ClientCodec::wants_finish() const {
  return channel_.is_tunnel() && channel_.send_ended() && !channel_.receive_ended() && channel_.out().empty();
}
}  // namespace heddle
