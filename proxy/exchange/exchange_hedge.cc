// A second try of an Exchange beside the first (docs/life-of-a-request.md#hedging). It has a sink and a pick of its own
// until the race is over: it wins and becomes the current try, or it is dropped. Only one of the two is ever current_,
// and whatever ends the exchange ends both (drop_upstream).
#include <algorithm>
#include <utility>

#include "proxy/exchange/exchange.h"
#include "proxy/upstream/rate_limited.h"

namespace heddle {
HedgeFacts Exchange::hedge_facts() const {
  HedgeFacts out;
  out.is_idempotent = request_.is_idempotent();
  out.is_upgrade = !request_.protocol().empty();
  out.has_session = static_cast<bool>(target_.session.found);
  out.is_under_way = pick_.has_value();
  out.is_answered = response_begun_ || informed_;
  out.has_ended = request_ended_;
  out.is_kept = body_.may_replay();
  out.tries = tries_;
  out.endpoints = std::min(target_.backends->size(), kMaxTries);
  return out;
}

void Exchange::on_hedge_due() {
  HedgeStep step = hedge_step(*target_.hedge, hedge_facts());
  if (step == HedgeStep::kWait) hedge_after_.arm(services_.loop, target_.hedge->after);
  if (step == HedgeStep::kSend && has_time_for({})) send_hedge();
}

// Nobody misses one that cannot be sent: the first try goes on.
void Exchange::send_hedge() {
  if (!target_.backends->take_retry(services_.loop.now())) return;
  auto picked = target_.backends->pick(std::span(tried_).first(tries_),
                                       {BackendSet::Try::kRetry, BackendSet::Purpose::kRequest, nullptr, target_.hash});
  if (!picked) return;
  hedge_ = std::make_unique<HedgeTry>(*this);
  hedge_->pick.emplace(*std::move(picked));
  ConnectionPool& pool = hedge_->pick->pool();
  tried_[tries_++] = hedge_->pick->index();
  summary_.tries = static_cast<uint8_t>(tries_);
  if (ClientSession* session = pool.try_acquire()) return open_hedge_on(*session);
  if (!pool.wait(hedge_->up)) return end_hedge({Reason::kCancelled}, HedgeResult::kFailed);
  hedge_->pending.arm(services_.loop, pool.limits().pending_age);
}

// All of the request is here.
void Exchange::open_hedge_on(ClientSession& session) {
  HedgeTry& hedge = *hedge_;
  hedge.pending.cancel();
  if (call_.is_set() && !has_time_for({})) return end_hedge({Reason::kCancelled}, HedgeResult::kCancelled);
  hedge.is_mesh = session.info().peer_certificate != nullptr;
  hedge.is_tls = session.info().is_tls;
  if (!hedge.is_mesh && !std::exchange(is_marked_, true)) services_.loop_guard.mark(request_.fields());
  if (call_.is_set()) tell_time_left();
  bool trailers = body_.trailers().has_value();
  bool head_only = body_.empty() && !trailers;
  hedge.stream = &session.open(hedge.up, request_, head_only);
  hedge.sent_at = services_.loop.now();
  hedge.is_reused = hedge.stream->on_reused_connection();
  hedge.is_http2 = session.protocol() == "h2";
  if (!body_.empty()) static_cast<void>(hedge.stream->write(body_.all(), !trailers));  // kept anyway, full or not
  if (trailers) hedge.stream->trailers(body_.trailers()->clone());
}

void Exchange::on_hedge_pending_over() {
  ConnectionPool& pool = hedge_->pick->pool();
  bool is_silent = !pool.lacks_connections() && pool.connections() == 0;
  hedge_->up.stop_waiting();
  end_hedge({is_silent ? Reason::kUpstreamConnectTimeout : Reason::kCancelled}, HedgeResult::kFailed);
}

void Exchange::on_hedge_response(ResponseHead&& head, bool end) {
  if (ends_race(target_.retry, {head.status, grpc_status_of(head, end)})) {
    drop_overtaken();
    take_over(HedgeResult::kWon);
    return on_response(std::move(head), end);
  }
  maybe_processed_ = true;
  MonoTime now = services_.loop.now();
  hedge_->pick->on_response(head, end, now - hedge_->sent_at, now);
  ClientStream* answered = std::exchange(hedge_->stream, nullptr);
  if (!end) answered->reset(ResetCode::kCancel);
  end_hedge({Reason::kNone, head.status}, HedgeResult::kFailed);
}

void Exchange::on_hedge_failed(const Error& why) {
  hedge_->stream = nullptr;
  if (call_.is_set() && is_past(over_at_)) return end_hedge({Reason::kCancelled}, HedgeResult::kCancelled);
  if (info(why.reason).retry != Retry::kUnprocessed) maybe_processed_ = true;
  end_hedge({why.reason}, HedgeResult::kFailed);
}

// The current try answers while a hedge is under way. True: not with what ends the race, and the hedge goes on.
bool Exchange::loses_race(const ResponseHead& head, bool end) {
  if (ends_race(target_.retry, {head.status, grpc_status_of(head, end)})) {
    drop_hedge(HedgeResult::kLost);
    return false;
  }
  maybe_processed_ = true;
  drop_answer(head, end);
  take_over(HedgeResult::kTookOver);
  return true;
}

// The hedge has answered before the current try, which is not to blame. That it takes longer than so is known of it,
// where it was sent first.
void Exchange::drop_overtaken() {
  MonoTime now = services_.loop.now();
  current_->stop_waiting();
  pending_.cancel();
  if (upstream_ != nullptr) {
    if (try_sent_at_ <= hedge_->sent_at) pick_->on_overtaken(now - try_sent_at_, now);
    std::exchange(upstream_, nullptr)->reset(ResetCode::kCancel);
  }
  end_try(Reason::kCancelled);
}

// The current try is over; the hedge is the current one from now on, answered or not.
void Exchange::take_over(HedgeResult result) {
  HedgeTry& hedge = *hedge_;
  hedge.pending.cancel();
  hedge.pick->on_hedge(result);
  pick_.emplace(*std::move(hedge.pick));
  hedge.pick.reset();
  asked_ = pick_->index();
  current_ = &hedge.up;
  upstream_ = std::exchange(hedge.stream, nullptr);
  upstream_full_ = false;
  summary_.upstream = pick_->endpoint().address();
  summary_.upstream_connected = upstream_ != nullptr;
  if (upstream_ == nullptr) return pending_.arm(services_.loop, pick_->pool().limits().pending_age);
  try_sent_at_ = hedge.sent_at;  // of the stream itself nothing is asked: it may have ended with its head
  try_was_mesh_ = hedge.is_mesh;
  summary_.upstream_reused = try_was_reused_ = hedge.is_reused;
  summary_.upstream_http2 = try_was_http2_ = hedge.is_http2;
  summary_.upstream_tls = hedge.is_tls;
  if (target_.try_timeout) {
    try_deadline_.arm(services_.loop, *target_.try_timeout - (services_.loop.now() - try_sent_at_));
  }
  on_upstream_drained();  // what waited for the try before
}

void Exchange::drop_hedge(HedgeResult result) {
  HedgeTry& hedge = *hedge_;
  MonoTime now = services_.loop.now();
  hedge.up.stop_waiting();
  if (hedge.stream != nullptr) {
    bool is_overtaken = result == HedgeResult::kLost && hedge.sent_at <= try_sent_at_;
    if (is_overtaken) hedge.pick->on_overtaken(now - hedge.sent_at, now);
    std::exchange(hedge.stream, nullptr)->reset(ResetCode::kCancel);
  }
  end_hedge({Reason::kCancelled}, result);
}

void Exchange::end_hedge(const Outcome& outcome, HedgeResult result) {
  hedge_->pending.cancel();
  hedge_->pick->on_hedge(result);
  hedge_->pick->finish(outcome);
  hedge_->pick.reset();
}
}  // namespace heddle
