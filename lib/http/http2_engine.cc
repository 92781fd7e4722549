#include "lib/http/http2_engine.h"

#include <algorithm>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kSettingsTimeout = 10s;    // T10; RFC 9113 §6.5.3
constexpr Duration kNoticePeriod = 1s;        // T12; RFC 9113 §6.8: at least a round trip
constexpr size_t kControlFrameBytes = 17;     // PING; the others are about as long
constexpr uint32_t kLastStreamId = 1U << 30;  // rule 2.6: a new connection long before ids run out
}  // namespace

Http2Engine::Http2Engine(Http2Role role, Http2Worker worker, const HttpLimits& limits, CodecEvents& events)
    : role_(role),
      pool_(worker.pool),
      memory_(worker.memory),
      clock_(worker.clock),
      limits_(limits),
      events_(events),
      streams_(worker.memory, worker.pool),
      reader_(worker.pool, limits),
      abuse_(limits),
      keep_alive_(worker.clock.now()),
      scanner_(role == Http2Role::kServer ? kHttp2PrefaceBytes : 0),
      session_(role, worker.memory, limits, *this) {}

Error Http2Engine::protocol_error(std::string_view what) const {
  bool server = role_ == Http2Role::kServer;
  return make_error(server ? Reason::kDownstreamProtocolError : Reason::kUpstreamProtocolError, std::string(what),
                    server ? Origin::kDownstream : Origin::kUpstream);
}

// terminate_session rather than submit_goaway: nghttp2 then drops whatever else the peer sends.
void Http2Engine::fail_with(Error error, uint32_t code) {
  if (error_) return;
  error_ = std::move(error);
  nghttp2_session_terminate_session(h2(), code);
}

void Http2Engine::act_on_abuse() {
  if (abuse_.verdict() == Http2Abuse::Verdict::kFine || error_) return;
  if (abuse_.verdict() == Http2Abuse::Verdict::kWindDown) {
    if (leaving_ == Leaving::kNo) do_go_away();
    return;
  }
  std::string detail = str_cat("HTTP/2 abuse: ", to_text(*abuse_.closed_for()));
  Origin origin = role_ == Http2Role::kServer ? Origin::kDownstream : Origin::kUpstream;
  fail_with(make_error(Reason::kAbuse, std::move(detail), origin), NGHTTP2_ENHANCE_YOUR_CALM);
}

// One frame at a time, so that reading stops exactly at the mark and abuse is seen before nghttp2 works for it.
Result<void> Http2Engine::feed(Buffer& in) {
  Bytes front = in.front();
  size_t n = scanner_.step(front);
  if (scanner_.frame_began()) {
    abuse_.on_frame(scanner_.header(), clock_.now());
    act_on_abuse();
    check_stream_order();
    if (error_) return *error_;
  }
  input_ = &in;
  ssize_t taken = nghttp2_session_mem_recv(h2(), reinterpret_cast<const uint8_t*>(front.data()), n);
  input_ = nullptr;
  if (taken < 0) return recv_failed(taken);
  in.consume(static_cast<size_t>(taken));
  act_on_abuse();
  if (error_) return *error_;
  return {};
}

// RFC 9113 §5.1.1. nghttp2 drops such a frame without a word.
void Http2Engine::check_stream_order() {
  const Http2FrameHeader& frame = scanner_.header();
  if (role_ != Http2Role::kServer || frame.type != NGHTTP2_HEADERS || stream_order_.take(frame.stream)) return;
  fail_with(protocol_error("HEADERS on a stream id that was passed over"), NGHTTP2_PROTOCOL_ERROR);
}

Result<void> Http2Engine::recv_failed(ssize_t code) {
  if (code == NGHTTP2_ERR_FLOODED) {
    abuse_.condemn(H2Abuse::kUnsentAnswers);
    act_on_abuse();
  }
  fail_with(protocol_error(nghttp2_strerror(static_cast<int>(code))), NGHTTP2_PROTOCOL_ERROR);
  return *error_;
}

Result<void> Http2Engine::do_receive(Buffer& in) {
  keep_alive_.heard(clock_.now());
  check_deadlines();
  while (!error_ && !in.empty() && do_wants_read() && feed(in)) {
  }
  deliver_body();
  if (error_) return *error_;
  return {};
}

Result<void> Http2Engine::do_receive_end() {
  input_ended_ = true;
  if (error_) return *error_;
  bool truncated = false;
  streams_.for_each([&](Http2Stream& stream) { truncated |= !stream.ended_for_user && !stream.remote_ended; });
  if (!truncated) return {};
  bool server = role_ == Http2Role::kServer;
  return make_error(server ? Reason::kDownstreamClosed : Reason::kUpstreamClosed,
                    "the connection ended inside a message", server ? Origin::kDownstream : Origin::kUpstream);
}

// Rule 2.5. Our own requests do not count: the peer did not cause them, and if both sides counted theirs they could
// both stop reading.
bool Http2Engine::answers_pile_up() const {
  size_t frames = nghttp2_session_get_outbound_queue_size(h2());
  frames -= std::min(frames, unsent_requests_);
  return frames > limits_.control_frames || frames * kControlFrameBytes + head_bytes_ > limits_.control_bytes;
}

bool Http2Engine::do_wants_read() const {
  bool may_read = !error_ && !closing_sent_ && !input_ended_ && !go_away_queued_;
  return may_read && nghttp2_session_want_read(h2()) != 0 && !answers_pile_up();
}

bool Http2Engine::do_wants_write() const {
  if (closing_sent_) return false;
  bool tunnels_due = waiting_ > 0 && peer_settings_here_;
  return go_away_is_due() || tunnels_due || nghttp2_session_want_write(h2()) != 0;
}

void Http2Engine::check_deadlines() {
  MonoTime now = clock_.now();
  auto deadline = do_settings_deadline();
  if (deadline && now >= *deadline)
    fail_with(protocol_error("the peer did not acknowledge SETTINGS within 10 s"), NGHTTP2_SETTINGS_TIMEOUT);
}

void Http2Engine::drive(Buffer& out, size_t budget) {
  size_t start = out.size();
  output_ = &out;
  while (out.size() - start < budget && !closing_sent_) {
    paused_ = false;
    const uint8_t* data = nullptr;
    ssize_t n = nghttp2_session_mem_send(h2(), &data);
    if (n > 0) out.append(Bytes(reinterpret_cast<const std::byte*>(data), static_cast<size_t>(n)));
    if (n < 0) {
      if (!error_) error_ = make_error(Reason::kInternal, nghttp2_strerror(static_cast<int>(n)));
      closing_sent_ = true;
    }
    if (n <= 0 && !paused_) break;
  }
  output_ = nullptr;
}

size_t Http2Engine::do_produce(Buffer& out, size_t budget) {
  check_deadlines();
  if (peer_settings_here_ && waiting_ > 0) peer_settings();
  if (go_away_is_due()) submit_go_away();
  size_t before = out.size();
  drive(out, budget);
  act_on_abuse();
  flush_drained();
  return out.size() - before;
}

void Http2Engine::flush_drained() {
  while (Http2Stream* stream = drained_.pop_front()) {
    stream->full = false;
    if (!stream->ended_for_user) events_.on_drained(stream->id);
  }
}

void Http2Engine::do_go_away() {
  if (error_ || leaving_ == Leaving::kFinal) return;
  bool one_step = role_ == Http2Role::kClient || leaving_ != Leaving::kNo;
  leaving_ = one_step ? Leaving::kFinalDue : Leaving::kNoticeDue;
}

bool Http2Engine::go_away_is_due() const {
  if (error_) return false;
  if (leaving_ == Leaving::kNoticed) return clock_.now() - noticed_at_ >= kNoticePeriod;
  return leaving_ == Leaving::kNoticeDue || leaving_ == Leaving::kFinalDue;
}

// In produce() only: while the transport takes nothing we go on reading (two peers that leave would wait for each
// other), and a request that comes meanwhile must not lie beyond the last id we name: we serve it, and a client would
// be free to send it again elsewhere (RFC 9113 §6.8).
void Http2Engine::submit_go_away() {
  go_away_queued_ = true;
  if (leaving_ == Leaving::kNoticeDue) {
    leaving_ = Leaving::kNoticed;
    noticed_at_ = clock_.now();
    nghttp2_submit_shutdown_notice(h2());
    return;
  }
  leaving_ = Leaving::kFinal;
  nghttp2_submit_goaway(h2(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h2()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

bool Http2Engine::do_finished() const {
  if (closing_sent_) return true;
  if (do_wants_write()) return false;
  if (error_ || nghttp2_session_want_read(h2()) == 0) return true;
  return input_ended_ && streams_.size() == 0;
}

bool Http2Engine::do_reusable() const {
  return !error_ && !closing_sent_ && !input_ended_ && !peer_leaves_ && leaving_ == Leaving::kNo &&
         nghttp2_session_get_next_stream_id(h2()) < kLastStreamId;
}

Result<void> Http2Engine::do_expire() {
  check_deadlines();
  if (do_keep_alive_deadline()) check_silence();
  if (error_) return *error_;
  return {};
}

// A peer that we do not read cannot be heard: its silence is ours.
void Http2Engine::check_silence() {
  if (!do_wants_read()) return keep_alive_.heard(clock_.now());
  switch (keep_alive_.judge(clock_.now())) {
    case KeepAlivePing::Verdict::kWait:
      return;
    case KeepAlivePing::Verdict::kPing:
      nghttp2_submit_ping(h2(), NGHTTP2_FLAG_NONE, nullptr);
      return;
    case KeepAlivePing::Verdict::kDead:
      return fail_with(silent_peer(), NGHTTP2_NO_ERROR);
  }
}

Error Http2Engine::silent_peer() const {
  bool server = role_ == Http2Role::kServer;
  return make_error(server ? Reason::kDownstreamClosed : Reason::kUpstreamClosed,
                    str_cat("the peer has been silent for ", format_duration(keep_alive_.silence(clock_.now())),
                            " and did not answer a PING"),
                    server ? Origin::kDownstream : Origin::kUpstream);
}

// An idle connection of a client is the client's to look after; after a FIN nothing can come.
std::optional<MonoTime> Http2Engine::do_keep_alive_deadline() const {
  bool matters = role_ == Http2Role::kClient || streams_.size() > 0;
  if (!matters || error_ || closing_sent_ || input_ended_) return std::nullopt;
  return keep_alive_.due();
}

std::optional<MonoTime> Http2Engine::do_settings_deadline() const {
  if (!settings_sent_at_ || error_) return std::nullopt;
  return *settings_sent_at_ + kSettingsTimeout;
}

std::optional<MonoTime> Http2Engine::do_go_away_deadline() const {
  if (leaving_ != Leaving::kNoticed || error_) return std::nullopt;
  return noticed_at_ + kNoticePeriod;
}

ResetCode from_h2(uint32_t code) noexcept {
  switch (code) {
    case NGHTTP2_NO_ERROR:
      return ResetCode::kNoError;
    case NGHTTP2_CANCEL:
      return ResetCode::kCancel;
    case NGHTTP2_REFUSED_STREAM:
      return ResetCode::kRefused;
    case NGHTTP2_INTERNAL_ERROR:
      return ResetCode::kInternalError;
    case NGHTTP2_FLOW_CONTROL_ERROR:
      return ResetCode::kFlowControlError;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return ResetCode::kEnhanceYourCalm;
    case NGHTTP2_CONNECT_ERROR:
      return ResetCode::kConnectError;
    default:
      return ResetCode::kProtocolError;
  }
}

uint32_t to_h2(ResetCode code) noexcept {
  switch (code) {
    case ResetCode::kNoError:
      return NGHTTP2_NO_ERROR;
    case ResetCode::kCancel:
      return NGHTTP2_CANCEL;
    case ResetCode::kRefused:
    case ResetCode::kUnprocessed:
      return NGHTTP2_REFUSED_STREAM;
    case ResetCode::kInternalError:
      return NGHTTP2_INTERNAL_ERROR;
    case ResetCode::kFlowControlError:
      return NGHTTP2_FLOW_CONTROL_ERROR;
    case ResetCode::kHeadTooLarge:
    case ResetCode::kTooManyInformational:
    case ResetCode::kEnhanceYourCalm:
      return NGHTTP2_ENHANCE_YOUR_CALM;
    case ResetCode::kConnectError:
      return NGHTTP2_CONNECT_ERROR;
    case ResetCode::kProtocolError:
      break;
  }
  return NGHTTP2_PROTOCOL_ERROR;
}
}  // namespace heddle
