#include "lib/session/session.h"

#include <algorithm>
#include <utility>

#include "certs/verify.h"

namespace heddle {

Session::Session(Loop& loop, std::unique_ptr<Transport> transport, ConnectionRegistry& registry)
    : loop_(loop), transport_(std::move(transport)), registry_(registry) {
  registry_.add(*this);
}

Session::~Session() { registry_.remove(*this); }

bool Session::is_trusted(const TrustBundle& bundle) const {
  const auto& peer = info().peer_certificate;
  return peer == nullptr || has_root(bundle, *peer);
}

void Session::attach(Codec& codec) {
  codec_ = &codec;
  transport_->observe(this);
  mark_dirty();  // an h2 preface may wait
}

void Session::mark_dirty() {
  if (!gone_) loop_.defer(flush_, Loop::Phase::kSession);
}

void Session::on_data(Buffer& in) {
  if (lingering_) {
    linger_bytes_ -= std::min(linger_bytes_, in.size());
    in.clear();
    if (linger_bytes_ == 0) on_linger_over();
    return;
  }
  if (closing_) return in.clear();
  auto received = codec_->receive(in);
  left_over_ = !in.empty();
  wanted_at_receive_ = codec_->wants_read();
  active_at_receive_ = codec_->active_streams();
  // At once: a busy socket is read many times before the turn ends.
  if (!wanted_at_receive_) pause_reading();
  mark_dirty();
  if (!received) return on_receive_error(received.error());
  on_received();
}

void Session::on_end() {
  if (lingering_) return on_linger_over();
  if (closing_) return;
  mark_dirty();
  auto ended = codec_->receive_end();
  if (!ended) on_receive_error(ended.error());
}

void Session::on_drained() {
  full_ = false;
  mark_dirty();
}

// One batch per turn and connection; what the transport does not take waits for on_drained.
void Session::flush() {
  while (!full_ && (codec_->wants_write() || std::exchange(woken_, false))) {
    Buffer out(loop_.blocks());
    if (codec_->produce(out, kFlushBudget) == 0) break;
    full_ = transport_->write(std::move(out)) == Flow::kFull;
  }
  if (gone_) return;
  update_reading();
  finish_tunnel();
  if (auto at = codec_->wake_at()) wake_.arm(loop_, *at - loop_.now());
  if (const Error* why = codec_->failure(); why != nullptr && !closing_) on_receive_error(*why);
  on_flushed();
  if (!closing_ && codec_->finished() && !codec_->wants_write()) on_finished();
}

void Session::on_wake() {
  woken_ = true;
  mark_dirty();
  if (closing_) return;
  auto expired = codec_->expire();
  if (expired) return;
  on_receive_error(expired.error());
  if (full_) abort_transport();  // a peer that takes nothing hears no last words
}

// Our side of an upgraded connection has ended and was written: half-close, the other direction may go on.
void Session::finish_tunnel() {
  if (half_closed_ || closing_ || !codec_->wants_finish() || codec_->wants_write()) return;
  half_closed_ = true;
  transport_->finish();
}

void Session::pause_reading() {
  if (!std::exchange(paused_, true)) transport_->pause(PauseReason::kCodec);
}

// Reading stops only at a mark of the codec; bytes it left behind are offered again once it can move on.
void Session::update_reading() {
  bool wants = codec_->wants_read();
  if (!wants) pause_reading();
  if (wants && std::exchange(paused_, false)) transport_->resume(PauseReason::kCodec);
  bool moved_on = !wanted_at_receive_ || codec_->active_streams() < active_at_receive_;
  if (left_over_ && wants && moved_on) {
    left_over_ = false;
    transport_->reoffer();
  }
}

// RFC 9113 §5.4.1: the peer hears why (GOAWAY). Once, and only as much as the transport takes now.
void Session::say_last_words() {
  if (full_ || closing_ || !codec_->wants_write()) return;
  Buffer out(loop_.blocks());
  if (codec_->produce(out, kFlushBudget) > 0) full_ = transport_->write(std::move(out)) == Flow::kFull;
}

void Session::close_gracefully() {
  if (closing_) return;
  closing_ = true;
  transport_->close(CloseMode::kFlush);
}

void Session::linger(Duration time, size_t bytes) {
  if (closing_) return;
  closing_ = lingering_ = true;
  linger_bytes_ = bytes;
  linger_.arm(loop_, time);
  transport_->finish();
  transport_->resume(PauseReason::kCodec);
}

void Session::on_linger_over() {
  lingering_ = false;
  transport_->close(CloseMode::kFlush);
}

void Session::abort_transport() {
  closing_ = true;
  transport_->close(CloseMode::kAbort);
}

void Session::on_closed(const Error& why) {
  if (std::exchange(gone_, true)) return;
  on_transport_gone(why);
  retire();
}

void Session::leave() {
  gone_ = true;
  retire();
}

void Session::retire() {
  closing_ = true;
  flush_.cancel_deferred();
  wake_.cancel();
  linger_.cancel();
  registry_.remove(*this);
  loop_.retire(*this);
}
}  // namespace heddle
