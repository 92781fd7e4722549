#include "lib/http/http1_server_codec.h"

#include <utility>

namespace heddle {
namespace {
constexpr uint16_t kClientIsGone = 499;  // the status of reasons that nobody is left to hear
}

Http1ServerCodec::Http1ServerCodec(BlockPool& pool, const HttpLimits& limits, std::string_view scheme,
                                   ServerEvents& events, ReasonDisclosure disclosure)
    : limits_(limits),
      events_(events),
      disclosure_(disclosure),
      channel_(pool, limits, events, Http1Section::kRequestTrailers),
      parser_(pool, limits, scheme) {}

bool Http1ServerCodec::may_accept() const noexcept {
  if (closing_ || failed_) return false;
  if (draining_ && (channel_.is_open() || !head_begun())) return false;
  return !peer_ended_ || left_ > 0;
}

bool Http1ServerCodec::wants_read() const {
  if (failed_ || channel_.over_credit()) return false;
  // Bytes left behind are offered again when this turns true.
  if (!channel_.is_open()) return !channel_.out_is_full() || closing_;
  bool waits = channel_.receive_ended() || upgrade_ == Upgrade::kAsked;
  if (upgrade_ == Upgrade::kAsked && left_ > 0) return false;
  return !waits || left_ <= limits_.uncredited_mark;
}

Result<void> Http1ServerCodec::receive(Buffer& in) {
  Result<void> result;
  bool again = true;
  while (again && result) {
    again = false;
    result = receive_step(in, again);
  }
  left_ = in.size();
  return result;
}

Result<void> Http1ServerCodec::receive_step(Buffer& in, bool& again) {
  bool drop = failed_ || (closing_ && !channel_.is_open());
  if (drop) in.clear();
  if (in.empty()) return {};
  if (!channel_.is_open()) {
    left_ = in.size();
    if (channel_.out_is_full() || !may_accept()) return {};
    return receive_head(in, again);
  }
  if (!channel_.receiving()) return {};  // the next request waits for the end of this exchange
  bool more_follows = false;
  Http1Step step = channel_.receive_body(in, more_follows);
  if (step == Http1Step::kFault)
    return make_error(channel_.fault().reason, std::string(channel_.fault().what), Origin::kDownstream);
  again = step == Http1Step::kDone || !channel_.is_open();
  return {};
}

Result<void> Http1ServerCodec::receive_head(Buffer& in, bool& again) {
  Http1Step step = parser_.read(in);
  if (step == Http1Step::kFault) return parser_.error();
  if (step == Http1Step::kMore) {
    if (peer_ended_) closing_ = true;
    return {};
  }
  left_ = in.size();
  begin_exchange();
  again = true;
  return {};
}

void Http1ServerCodec::begin_exchange() {
  RequestHead head = parser_.take_head();
  StreamId id = channel_.open_stream();
  is_head_ = head.is_head();
  http10_ = head.version == HttpVersion::kHttp10;
  client_takes_trailers_ = head.accepts_trailers;
  upgrade_ = head.protocol().empty() ? Upgrade::kNone : Upgrade::kAsked;
  responded_ = false;
  informed_ = 0;
  if (http10_ || parser_.facts().close) closing_ = true;
  if (upgrade_ == Upgrade::kNone) channel_.begin_receive(parser_.body());
  events_.on_request(id, std::move(head), channel_.receive_ended());
}

Result<void> Http1ServerCodec::receive_end() {
  peer_ended_ = true;
  if (failed_) return {};
  if (channel_.is_tunnel()) {
    if (!channel_.receive_ended()) channel_.deliver_end();
    return {};
  }
  if (channel_.receiving())
    return make_error(Reason::kDownstreamClosed, "closed inside a request body", Origin::kDownstream);
  bool waits = channel_.is_open() || closing_ || channel_.out_is_full();
  if (waits || !head_begun()) return {};
  return make_error(Reason::kDownstreamClosed, "closed inside a request head", Origin::kDownstream);
}

size_t Http1ServerCodec::produce(Buffer& out, size_t budget) {
  if (upgrade_ == Upgrade::kRefused) {
    upgrade_ = Upgrade::kNone;
    if (channel_.is_open()) channel_.deliver_end();
  }
  return channel_.produce(out, budget);
}

void Http1ServerCodec::inform(StreamId id, const ResponseHead& head) {
  if (!may_answer(id) || http10_ || head.status == 101) return;
  if (informed_++ >= limits_.informational) return;
  write_http1_response(head, {}, channel_.out());
}

void Http1ServerCodec::respond(StreamId id, const ResponseHead& head, bool end) {
  if (!may_answer(id)) return;
  responded_ = true;
  if (head.status == 101) return accept_upgrade(head);
  if (upgrade_ == Upgrade::kAsked) upgrade_ = Upgrade::kRefused;
  Http1ResponseFraming framing = frame(head, end);
  write_http1_response(head, framing, channel_.out());
  if (!end) return;
  channel_.end_send(nullptr);
  after_send();
}

// Decides how the end of the body will be seen (RFC 9112 §6.3) and whether the connection stays.
Http1ResponseFraming Http1ServerCodec::frame(const ResponseHead& head, bool end) {
  using Framing = Http1BodyEncoder::Framing;
  Http1ResponseFraming out;
  Framing framing = Framing::kNone;
  bool no_body = response_has_no_body(is_head_ ? "HEAD" : "GET", head.status);
  if (no_body) {
    if (head.status != 204) out.length = head.content_length;
  } else if (head.content_length || end) {
    framing = Framing::kLength;
    out.length = head.content_length.value_or(0);
  } else if (http10_) {
    framing = Framing::kRaw;
  } else {
    framing = Framing::kChunked;
    out.body.kind = Http1BodyPlan::Kind::kChunked;
  }
  channel_.begin_send(framing, out.length.value_or(0));
  bool unread = channel_.receiving() && (end || no_body);
  if (closing_ || draining_ || unread) {
    closing_ = true;
    out.persistence = Http1Persistence::kClose;
  }
  return out;
}

void Http1ServerCodec::accept_upgrade(const ResponseHead& head) {
  closing_ = true;
  if (upgrade_ != Upgrade::kAsked) return channel_.break_off();  // nobody asked: a bug above, no answer is safe
  upgrade_ = Upgrade::kNone;
  Http1ResponseFraming framing;
  framing.upgrade = "websocket";
  write_http1_response(head, framing, channel_.out());
  channel_.begin_tunnel();
}

Flow Http1ServerCodec::send_data(StreamId id, Buffer&& data, bool end) {
  if (!may_send(id)) {
    data.clear();
    return Flow::kOpen;
  }
  Flow flow = channel_.send(std::move(data));
  if (end && channel_.is_open()) channel_.end_send(nullptr);
  after_send();
  return flow;
}

void Http1ServerCodec::send_trailers(StreamId id, const HeaderMap& trailers) {
  if (!may_send(id)) return;
  channel_.end_send(client_takes_trailers_ ? &trailers : nullptr);
  after_send();
}

void Http1ServerCodec::after_send() {
  if (channel_.broken()) closing_ = true;
  if (!channel_.is_open() || !channel_.send_ended() || channel_.is_tunnel()) return;
  if (!channel_.receiving()) return;
  // The answer is complete and the request is not: what still comes is dropped, the connection closes.
  closing_ = true;
  channel_.abandon();
}

void Http1ServerCodec::reset(StreamId id, ResetCode) {
  if (!channel_.is_current(id)) return;
  closing_ = true;
  upgrade_ = Upgrade::kNone;
  channel_.break_off();
}

void Http1ServerCodec::credit(StreamId id, size_t bytes) {
  if (channel_.is_current(id)) channel_.credit(bytes);
}

bool Http1ServerCodec::wants_finish() const {
  return channel_.is_tunnel() && channel_.send_ended() && !channel_.receive_ended() && channel_.out().empty();
}

std::optional<RefusedRequest> Http1ServerCodec::fail(const Error& why) {
  if (std::exchange(failed_, true)) return std::nullopt;
  closing_ = true;
  uint16_t status = info(why.reason).status;
  bool in_exchange = channel_.is_open();
  bool answers = !(in_exchange && responded_) && status != kClientIsGone && !channel_.broken();
  if (answers) write_http1_failure(why.reason, disclosure_, in_exchange && is_head_ ? "HEAD" : "", channel_.out());
  channel_.abandon();
  upgrade_ = Upgrade::kNone;
  if (!answers || in_exchange) return std::nullopt;
  return RefusedRequest{why, parser_.head(), status};
}
}  // namespace heddle
