#include "lib/net/tcp_tunnel.h"

#include <utility>

#include "lib/net/stream_transport.h"

namespace heddle {

void TcpTunnel::Side::join(Side& other) {
  other_ = &other;
  transport_->observe(this);
}

void TcpTunnel::Side::on_data(Buffer& in) {
  if (other_->is_closed_) return in.clear();
  forwarded_ += in.size();
  Flow flow = other_->transport_->write(in.take(in.size()));
  if (flow == Flow::kFull) {
    is_held_ = true;
    transport_->pause(PauseReason::kTunnel);
  }
  tunnel_.moved();
}

void TcpTunnel::Side::on_end() {
  has_ended_ = true;
  other_->transport_->finish();
  tunnel_.moved();
}

void TcpTunnel::Side::on_drained() {
  other_->is_held_ = false;
  if (!other_->is_closed_) other_->transport_->resume(PauseReason::kTunnel);
  tunnel_.moved();
}

void TcpTunnel::Side::on_closed(const Error& why) {
  is_closed_ = true;
  tunnel_.side_closed(*this, why);
}

TcpTunnel::TcpTunnel(Loop& loop, std::unique_ptr<Transport> downstream, std::unique_ptr<Transport> upstream,
                     TunnelOptions options, OnDone on_done)
    : loop_(loop),
      options_(options),
      on_done_(std::move(on_done)),
      down_(*this, std::move(downstream), Origin::kDownstream),
      up_(*this, std::move(upstream), Origin::kUpstream) {
  down_.join(up_);
  up_.join(down_);
  idle_.arm(loop_, options_.idle);
}

TunnelBytes TcpTunnel::bytes() const {
  TunnelBytes bytes{down_.forwarded_, up_.forwarded_};
  if (splice_ == nullptr) return bytes;
  bytes.up += splice_->bytes().up;
  bytes.down += splice_->bytes().down;
  return bytes;
}

void TcpTunnel::abort() {
  if (splice_ != nullptr) return splice_->abort();
  end(make_error(Reason::kCancelled, "tunnel aborted"));
}

void TcpTunnel::moved() {
  idle_.arm(loop_, options_.idle);
  if (why_) return;
  bool is_bulk = down_.forwarded_ + up_.forwarded_ >= options_.splice_after;
  if (options_.pipes != nullptr && is_bulk && splice_attempts_ < kSpliceAttempts)
    loop_.defer(try_splice_, Loop::Phase::kTask);
}

// A clean close means that this side gave everything it had and took everything there was.
void TcpTunnel::side_closed(Side& side, const Error& why) {
  if (why_) return;
  if (why.reason != Reason::kNone) {
    Error error = why;
    error.origin = side.origin_;
    return end(std::move(error));
  }
  if (down_.is_closed_ && up_.is_closed_) end(make_error(Reason::kNone, "both directions ended"));
}

void TcpTunnel::idle() { end(make_error(Reason::kConnectionIdleTimeout, "nothing moved through the tunnel")); }

void TcpTunnel::end(Error why) {
  if (why_) return;
  why_ = std::move(why);
  idle_.cancel();
  try_splice_.cancel_deferred();
  if (!down_.is_closed_) down_.transport_->close(CloseMode::kAbort);
  if (!up_.is_closed_) up_.transport_->close(CloseMode::kAbort);
  loop_.defer(finish_, Loop::Phase::kTask);
}

void TcpTunnel::finish() {
  down_.transport_.reset();
  up_.transport_.reset();
  OnDone on_done = std::move(on_done_);
  on_done(*why_);
}

void TcpTunnel::try_splice() {
  if (why_ || !down_.is_quiet() || !up_.is_quiet()) return;
  ++splice_attempts_;
  ConnectionInfo info = down_.transport_->info();
  std::optional<UniqueFd> down = down_.transport_->detach();
  if (!down) return;
  std::optional<UniqueFd> up = up_.transport_->detach();
  if (!up) {  // not TCP over there, or not now: go on as before
    down_.transport_ = adopt_descriptor(loop_, *std::move(down), std::move(info), Connected::kTold);
    down_.is_closed_ = down_.transport_ == nullptr;
    if (down_.is_closed_) return end(make_error(Reason::kInternal, "a connection could not be taken back"));
    return down_.transport_->observe(&down_);
  }
  down_.transport_.reset();
  up_.transport_.reset();
  idle_.cancel();
  splice_ = std::make_unique<SpliceTunnel>(loop_, *std::move(down), *std::move(up), *options_.pipes, options_.idle,
                                           std::move(on_done_));
}
}  // namespace heddle
