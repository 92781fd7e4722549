#include "lib/session/client_session.h"

#include <utility>

namespace heddle {
namespace {
Reason upstream_reason(ResetCode code) {
  switch (code) {
    case ResetCode::kRefused:
      return Reason::kUpstreamRefusedStream;
    case ResetCode::kUnprocessed:
      return Reason::kUpstreamGoAway;
    case ResetCode::kProtocolError:
    case ResetCode::kFlowControlError:
      return Reason::kUpstreamProtocolError;
    case ResetCode::kHeadTooLarge:
      return Reason::kUpstreamHeadTooLarge;
    case ResetCode::kTooManyInformational:
      return Reason::kUpstreamTooManyInformational;
    default:
      return Reason::kUpstreamReset;
  }
}
}  // namespace

class ClientSession::Stream final : public ClientStream {
 public:
  explicit Stream(ClientSession& session) : session_(session) {}
  void open(StreamId id, ResponseSink& sink, bool local_ended) {
    id_ = id;
    sink_ = &sink;
    reused_ = session_.used_;
    local_ended_ = local_ended;
    remote_ended_ = false;
    responded_ = false;
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
    session_.codec_->reset(id_, code);
    session_.mark_dirty();
    session_.release(*this);
  }
  void credit(size_t bytes) override {
    session_.codec_->credit(id_, bytes);
    session_.mark_dirty();
  }
  const ConnectionInfo& connection() const override { return session_.info(); }
  bool on_reused_connection() const override { return reused_; }
  void set_responded() noexcept { responded_ = true; }
  bool responded() const noexcept { return responded_; }

  StreamId id() const noexcept { return id_; }
  ResponseSink& sink() noexcept { return *sink_; }
  ResponseSink& end_remote() {
    remote_ended_ = true;
    ResponseSink& sink = *sink_;
    if (local_ended_) session_.release(*this);
    return sink;
  }

 private:
  void end_local() {
    local_ended_ = true;
    if (remote_ended_) session_.release(*this);
  }
  ClientSession& session_;
  StreamId id_;
  ResponseSink* sink_ = nullptr;
  bool reused_ = false;
  bool local_ended_ = false;
  bool remote_ended_ = false;
  bool responded_ = false;
};

ClientSession& ClientSession::start(const SessionContext& context, std::unique_ptr<Transport> transport,
                                    ClientProtocol& protocol, Owner& owner, const SessionLimits& limits) {
  auto session = std::make_unique<ClientSession>(Key{}, context, std::move(transport), protocol, owner, limits);
  ClientSession& self = *session.release();
  self.codec_->set_keep_alive(limits.keep_alive);
  self.attach(*self.codec_);
  self.idle_.arm(self.loop(), limits.idle);
  self.idle_since_ = self.loop().now();
  return self;
}

ClientSession::ClientSession(Key, const SessionContext& context, std::unique_ptr<Transport> transport,
                             ClientProtocol& protocol, Owner& owner, const SessionLimits& limits)
    : Session(context.loop, std::move(transport), context.registry),
      protocol_(protocol.name()),
      owner_(&owner),
      idle_for_(limits.idle),
      codec_(protocol.make(*this)) {}

ClientSession::~ClientSession() = default;

ClientStream& ClientSession::open(ResponseSink& sink, const RequestHead& head, bool end) {
  HEDDLE_ASSERT(has_room());
  idle_.cancel();
  StreamId id = codec_->open(head, end);
  Stream* stream = slots_.acquire(*this);
  stream->open(id, sink, end);
  streams_.insert(id, stream);
  last_opened_ = id;
  heard_ = false;
  mark_dirty();
  return *stream;
}

void ClientSession::set_idle(Duration idle) {
  if (idle == std::exchange(idle_for_, idle)) return;
  if (idle_.is_armed()) idle_.arm(loop(), idle);
}

void ClientSession::on_response(StreamId id, ResponseHead&& head, bool end) {
  Stream* stream = streams_.find(id);
  if (stream == nullptr) return;
  stream->set_responded();
  ResponseSink& sink = end ? stream->end_remote() : stream->sink();
  sink.on_response(std::move(head), end);
}

void ClientSession::on_informational(StreamId id, ResponseHead&& head) {
  Stream* stream = streams_.find(id);
  if (stream != nullptr) stream->sink().on_informational(std::move(head));
}

void ClientSession::on_data(StreamId id, Buffer&& data, bool end) {
  Stream* stream = streams_.find(id);
  if (stream == nullptr) return codec_->credit(id, data.size());
  ResponseSink& sink = end ? stream->end_remote() : stream->sink();
  sink.on_body(std::move(data), end);
}

void ClientSession::on_trailers(StreamId id, HeaderMap&& fields) {
  Stream* stream = streams_.find(id);
  if (stream != nullptr) stream->end_remote().on_trailers(std::move(fields));
}

void ClientSession::on_reset(StreamId id, ResetCode code) {
  Stream* stream = streams_.find(id);
  if (stream == nullptr) return;
  ResponseSink& sink = stream->sink();
  release(*stream);
  sink.on_gone(make_error(upstream_reason(code), std::string(to_text(code)), Origin::kUpstream));
}

void ClientSession::on_drained(StreamId id) {
  Stream* stream = streams_.find(id);
  if (stream != nullptr) stream->sink().on_drained();
}

void ClientSession::on_go_away(StreamId) { become_unusable(); }

// The owner hears of free room at the end of the turn: release() may run inside calls down.
void ClientSession::release(Stream& stream) {
  streams_.erase(stream.id());
  slots_.release(&stream);
  used_ = true;
  room_wanted_ = true;
  if (streams_.empty() && !is_closing()) {
    idle_since_ = loop().now();
    idle_.arm(loop(), idle_for_);
  }
  mark_dirty();
}

void ClientSession::become_unusable() {
  if (std::exchange(unusable_, true)) return;
  if (owner_ != nullptr) owner_->on_unusable(*this);
}

void ClientSession::on_flushed() {
  if (!codec_->wants_write()) last_flushed_ = last_opened_;
  if (!codec_->reusable()) become_unusable();
  if (unusable_ && streams_.empty() && !codec_->wants_write()) return close_gracefully();
  if (!std::exchange(room_wanted_, false)) return;
  if (owner_ != nullptr && has_room()) owner_->on_room(*this);
}

void ClientSession::drain() {
  become_unusable();
  // A GOAWAY would overtake requests that were opened in this turn, and their server would close before it saw them.
  if (streams_.empty()) codec_->go_away();
  mark_dirty();
}

void ClientSession::abort(const Error& why) {
  become_unusable();
  abort_transport();
  static_cast<void>(why);
}

void ClientSession::disown() {
  owner_ = nullptr;
  drain();
}

void ClientSession::on_receive_error(const Error& why) {
  become_unusable();
  // `abuse` is an answer to who abuses us: our client did not (429), its upstream did (502).
  Reason reason = why.reason == Reason::kAbuse ? Reason::kUpstreamProtocolError : why.reason;
  fail_streams(make_error(reason, why.detail, Origin::kUpstream));
  say_last_words();
  close_gracefully();
}

// What never reached the transport was certainly not processed.
void ClientSession::fail_streams(const Error& why) {
  while (Stream* stream = streams_.any()) {
    bool sent = stream->id() <= last_flushed_;
    bool broke_off = heard_ && protocol_ != "h2" && !stream->responded();
    ResponseSink& sink = stream->sink();
    release(*stream);
    if (broke_off) {
      sink.on_gone(make_error(Reason::kUpstreamProtocolError, "closed inside the answer's head", Origin::kUpstream));
    } else {
      sink.on_gone(sent ? why : make_error(Reason::kUpstreamGoAway, "never sent: " + why.detail, Origin::kUpstream));
    }
  }
}

// HTTP/1: a byte of the answer came, so that a failure is not the keep-alive race.
void ClientSession::on_received() { heard_ = true; }

void ClientSession::on_transport_gone(const Error& why) {
  idle_.cancel();
  become_unusable();
  // In TLS 1.3 a server judges the client's certificate after the client has finished its handshake: nothing sent on
  // such a connection was read (rule S12).
  bool refused = why.reason == Reason::kTlsHandshakeFailed;
  fail_streams(
      make_error(refused ? Reason::kUpstreamTlsFailed : Reason::kUpstreamClosed, why.detail, Origin::kUpstream));
  if (owner_ != nullptr) owner_->on_session_gone(*this);
}
}  // namespace heddle
