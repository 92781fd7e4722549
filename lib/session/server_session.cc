#include "lib/session/server_session.h"

#include <utility>

#include "lib/session/parking_lot.h"

namespace heddle {
namespace {
Error downstream_error(ResetCode code) {
  Reason reason = Reason::kDownstreamReset;
  if (code == ResetCode::kProtocolError || code == ResetCode::kFlowControlError) {
    reason = Reason::kDownstreamProtocolError;
  }
  if (code == ResetCode::kHeadTooLarge) reason = Reason::kRequestHeadTooLarge;
  return make_error(reason, std::string(to_text(code)), Origin::kDownstream);
}
}  // namespace

class ServerSession::Stream final : public ServerStream {
 public:
  explicit Stream(ServerSession& session) : session_(session) {}
  void open(StreamId id, bool remote_ended) {
    id_ = id;
    sink_ = nullptr;
    remote_ended_ = remote_ended;
    local_ended_ = false;
    responded_ = false;
  }
  void set_sink(BodySink& sink) override { sink_ = &sink; }
  void inform(ResponseHead&& head) override {
    session_.codec_->inform(id_, head);
    session_.mark_dirty();
  }
  void respond(ResponseHead&& head, bool end) override {
    responded_ = true;
    session_.codec_->respond(id_, head, end);
    session_.mark_dirty();
    if (end) end_local();
  }
  Flow write(Buffer&& data, bool end) override {
    Flow flow = session_.codec_->send_data(id_, std::move(data), end);
    session_.mark_dirty();
    if (end) end_local();
    return flow;
  }
  void trailers(HeaderMap&& fields) override {
    session_.codec_->send_trailers(id_, fields);
    session_.mark_dirty();
    end_local();
  }
  void reset(ResetCode code) override {
    if (responded_ && !local_ended_ && session_.protocol_ != "h2") session_.cut_off_ = true;
    session_.codec_->reset(id_, code);
    session_.mark_dirty();
    session_.release(*this);
  }
  void credit(size_t bytes) override {
    session_.codec_->credit(id_, bytes);
    session_.mark_dirty();
  }
  const ConnectionInfo& connection() const override { return session_.info(); }

  StreamId id() const noexcept { return id_; }
  BodySink* sink() noexcept { return sink_; }
  bool remote_ended() const noexcept { return remote_ended_; }
  // Releases before the upcall when both directions are over: the sink may not use the stream any more.
  BodySink* end_remote() {
    remote_ended_ = true;
    BodySink* sink = sink_;
    if (local_ended_) session_.release(*this);
    return sink;
  }

 private:
  void end_local() {
    local_ended_ = true;
    if (remote_ended_) session_.release(*this);
  }
  ServerSession& session_;
  StreamId id_;
  BodySink* sink_ = nullptr;
  bool remote_ended_ = false;
  bool local_ended_ = false;
  bool responded_ = false;
};

ServerSession& ServerSession::start(const SessionContext& context, std::unique_ptr<Transport> transport,
                                    ServerProtocol& protocol, RequestHandler& handler, const SessionLimits& limits) {
  // The session owns itself from here on: it retires when its transport is gone.
  auto session = std::make_unique<ServerSession>(Key{}, context, std::move(transport), protocol, handler, limits);
  ServerSession& self = *session.release();
  self.codec_->set_keep_alive(limits.keep_alive);
  self.attach(*self.codec_);
  self.arm_waiting();
  return self;
}

ServerSession::ServerSession(Key, const SessionContext& context, std::unique_ptr<Transport> transport,
                             ServerProtocol& protocol, RequestHandler& handler, const SessionLimits& limits)
    : Session(context.loop, std::move(transport), context.registry),
      protocol_(protocol.name()),
      maker_(protocol),
      parking_(context.parking),
      handler_(handler),
      limits_(limits),
      codec_(protocol.make(*this, handler.disclosure(info()))) {}

ServerSession::~ServerSession() = default;

void ServerSession::on_request(StreamId id, RequestHead&& head, bool end) {
  waiting_.cancel();
  waits_for_ = Waiting::kIdle;
  if (std::exchange(drain_next_, false)) drain();
  Stream* stream = slots_.acquire(*this);
  stream->open(id, end);
  streams_.insert(id, stream);
  handler_.on_request(*stream, std::move(head), end);
}

void ServerSession::on_data(StreamId id, Buffer&& data, bool end) {
  Stream* stream = streams_.find(id);
  if (stream == nullptr) return codec_->credit(id, data.size());
  BodySink* sink = end ? stream->end_remote() : stream->sink();
  if (sink != nullptr) sink->on_body(std::move(data), end);
}

void ServerSession::on_trailers(StreamId id, HeaderMap&& fields) {
  Stream* stream = streams_.find(id);
  if (stream == nullptr) return;
  BodySink* sink = stream->end_remote();
  if (sink != nullptr) sink->on_trailers(std::move(fields));
}

void ServerSession::on_reset(StreamId id, ResetCode code) {
  Stream* stream = streams_.find(id);
  if (stream == nullptr) return;
  BodySink* sink = stream->sink();
  release(*stream);
  if (sink != nullptr) sink->on_gone(downstream_error(code));
}

void ServerSession::on_drained(StreamId id) {
  Stream* stream = streams_.find(id);
  if (stream != nullptr && stream->sink() != nullptr) stream->sink()->on_drained();
}

void ServerSession::release(Stream& stream) {
  if (!stream.remote_ended()) unread_body_ = true;
  streams_.erase(stream.id());
  slots_.release(&stream);
  if (streams_.empty()) arm_waiting();
}

void ServerSession::on_receive_error(const Error& why) { fail(why); }

void ServerSession::on_received() {
  // The first bytes after a pause begin a head; from now on the head has its own, shorter time.
  if (!streams_.empty() || waits_for_ == Waiting::kHead || protocol_ == "h2") return;
  waits_for_ = Waiting::kHead;
  waiting_.arm(loop(), limits_.request_head);
}

void ServerSession::arm_waiting() {
  bool may_park = parking_ != nullptr && protocol_ != "h2" && limits_.idle > ParkingLot::kAfter;
  waits_for_ = may_park ? Waiting::kParking : Waiting::kIdle;
  if (!is_closing() && !failed_) waiting_.arm(loop(), may_park ? ParkingLot::kAfter : limits_.idle);
}

void ServerSession::on_waiting_over() {
  if (waits_for_ == Waiting::kHead) {
    return fail(make_error(Reason::kRequestHeadTimeout, "the request head took too long"));
  }
  if (waits_for_ == Waiting::kIdle) return drain();
  if (park()) return;
  waits_for_ = Waiting::kIdle;
  waiting_.arm(loop(), limits_.idle - ParkingLot::kAfter);
}

// False: the connection is not as idle as it looks, or TLS, an interception or a PROXY header is part of it.
bool ServerSession::park() {
  bool is_plain = !info().is_tls && !info().original_dst && !info().is_proxied;
  bool is_idle = streams_.empty() && codec_->reusable() && codec_->active_streams() == 0 && !codec_->wants_write();
  if (!is_plain || !is_idle || draining_ || drain_next_ || is_closing() || failed_) return false;
  std::optional<UniqueFd> fd = transport().detach();
  if (!fd) return false;
  parking_->park(*std::move(fd), {maker_, handler_, limits_}, limits_.idle - ParkingLot::kAfter);
  leave();
  return true;
}

// One last answer or GOAWAY; what is in flight ends with the same reason.
void ServerSession::fail(const Error& why) {
  if (std::exchange(failed_, true)) return;
  waiting_.cancel();
  if (auto refused = codec_->fail(why)) {
    on_refused(*refused);
  } else {
    handler_.on_bad_connection(info(), why);
  }
  if (why.reason == Reason::kAbuse) handler_.on_abuse(codec_->abuse_kind());
  while (Stream* stream = streams_.any()) {
    BodySink* sink = stream->sink();
    release(*stream);
    if (sink != nullptr) sink->on_gone(why);
  }
  waiting_.cancel();
  mark_dirty();
}

void ServerSession::on_flushed() {
  if (failed_ && !is_closing() && !codec_->wants_write()) linger(limits_.lingering, limits_.lingering_bytes);
}

void ServerSession::on_finished() {
  if (cut_off_) return abort_transport();
  if (unread_body_ || failed_) return linger(limits_.lingering, limits_.lingering_bytes);
  close_gracefully();
}

void ServerSession::drain() {
  if (std::exchange(draining_, true) || is_closing()) return;
  codec_->go_away();
  drain_over_.arm(loop(), limits_.drain);
  mark_dirty();
}

void ServerSession::drain_after_first_request(Duration patience) {
  drain_next_ = true;
  waits_for_ = Waiting::kIdle;
  waiting_.arm(loop(), patience);
}

void ServerSession::abort(const Error&) { abort_transport(); }

void ServerSession::on_transport_gone(const Error& why) {
  waiting_.cancel();
  drain_over_.cancel();
  if (why.reason == Reason::kAbuse && !failed_) {
    handler_.on_bad_connection(info(), why);
    handler_.on_abuse(kTransportAbuse);
  }
  failed_ = true;
  Error gone =
      why.reason == Reason::kDraining ? why : make_error(Reason::kDownstreamClosed, why.detail, Origin::kDownstream);
  while (Stream* stream = streams_.any()) {
    BodySink* sink = stream->sink();
    release(*stream);
    if (sink != nullptr) sink->on_gone(gone);
  }
}
}  // namespace heddle
