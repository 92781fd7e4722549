// The tries of an Exchange: from the endpoint that is picked to the answer that is passed on, or to the next try.
#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/exchange/exchange.h"
#include "proxy/resilience/retry_policy.h"
#include "proxy/upstream/rate_limited.h"

namespace heddle {
void Exchange::start_try() {
  auto picked = pick_endpoint();
  if (!picked) return reply(picked.error());
  if (services_.direction == Direction::kOutbound) target_.backends->count_request(services_.loop.now());
  acquire(ConnectionPool::Freshness::kAny);
}

Result<void> Exchange::pick_endpoint() { return pick_beside(std::span(tried_).first(tries_)); }

// Nobody else is left: who refused the stream unprocessed, because its limit was not known yet or its connection was
// closing, is asked once more (RFC 9113 §8.7); with a retry policy whoever is there.
bool Exchange::pick_the_same_again(const Error& why) {
  if (target_.retry != nullptr) return pick_beside({}).has_value();
  bool refused = why.reason == Reason::kUpstreamRefusedStream || why.reason == Reason::kUpstreamGoAway;
  if (!refused) return false;
  std::array<uint32_t, kMaxTries> others = tried_;  // but for the try that was refused: not the last where a hedge was
  auto end = others.begin() + static_cast<std::ptrdiff_t>(tries_);
  auto asked = std::find(std::make_reverse_iterator(end), others.rend(), asked_);
  std::move(asked.base(), end, std::prev(asked.base()));
  return pick_beside(std::span(others).first(tries_ - 1)).has_value();
}

Result<void> Exchange::pick_beside(std::span<const uint32_t> tried) {
  auto which = tries_ == 0 ? BackendSet::Try::kFirst : BackendSet::Try::kRetry;
  HEDDLE_TRY(auto pick, target_.backends->pick(tried, {which, BackendSet::Purpose::kRequest, &summary_.limit,
                                                       target_.hash, target_.session.endpoint()}));
  pick_.emplace(std::move(pick));
  tried_[tries_++] = asked_ = pick_->index();
  summary_.tries = static_cast<uint8_t>(tries_);
  summary_.upstream = pick_->endpoint().address();
  summary_.upstream_connected = false;
  return {};
}

void Exchange::acquire(ConnectionPool::Freshness freshness) {
  if (target_.hedge != nullptr && hedge_ == nullptr) hedge_after_.arm(services_.loop, target_.hedge->after);
  if (freshness == ConnectionPool::Freshness::kAny) {
    if (ClientSession* session = pick_->pool().try_acquire()) return open_on(*session);
  }
  auto waiting = pick_->pool().wait(*current_, freshness);
  if (!waiting) {
    summary_.limit = pick_->limit(CircuitResource::kPending);
    return reply(waiting.error());
  }
  pending_.arm(services_.loop, pick_->pool().limits().pending_age);
}

void Exchange::open_on(ClientSession& session) {
  pending_.cancel();
  if (call_.is_set() && !has_time_for({})) return on_request_over();
  try_was_mesh_ = session.info().peer_certificate != nullptr;
  if (!try_was_mesh_ && !std::exchange(is_marked_, true)) services_.loop_guard.mark(request_.fields());
  if (call_.is_set()) tell_time_left();
  bool head_only = request_ended_ && body_.empty() && !body_.trailers();
  upstream_ = &session.open(*current_, request_, head_only);
  try_sent_at_ = services_.loop.now();
  if (target_.try_timeout) try_deadline_.arm(services_.loop, *target_.try_timeout);
  try_was_reused_ = upstream_->on_reused_connection();
  summary_.upstream_reused = try_was_reused_;
  try_was_http2_ = session.protocol() == "h2";
  summary_.upstream_connected = true;
  summary_.upstream_http2 = try_was_http2_;
  summary_.upstream_tls = session.info().is_tls;
  upstream_full_ = false;
  if (!head_only) send_held_body();
}

void Exchange::send_held_body() {
  bool trailers = body_.trailers().has_value();
  if (!body_.empty() || request_ended_) {
    upstream_full_ = upstream_->write(body_.all(), request_ended_ && !trailers) == Flow::kFull;
  }
  if (trailers) upstream_->trailers(body_.trailers()->clone());
  if (!upstream_full_) on_upstream_drained();
}

// Reported once per try; a try that was given up because of us or the client is not the endpoint's fault.
void Exchange::end_try(Reason reason) {
  try_deadline_.cancel();
  if (!pick_) return;
  pick_->finish({reason, summary_.status, try_bytes_sent_, try_bytes_received_});
  try_bytes_sent_ = try_bytes_received_ = 0;
  pick_.reset();
}

bool Exchange::may_replay_on_fresh(const Error& why) const {
  // RST_STREAM is an answer about this request, not a connection that was closing.
  bool closed_early =
      why.reason == Reason::kUpstreamClosed || (why.reason == Reason::kUpstreamReset && !try_was_http2_);
  if (!closed_early || replayed_ || informed_ || !body_.may_replay()) return false;
  if (upstream_ == nullptr || !try_was_reused_) return false;
  // Many requests share an HTTP/2 connection, and its end says nothing about when this one was read.
  return !try_was_http2_ || request_.is_idempotent();
}

RetryFacts Exchange::retry_facts() const noexcept { return {tries_, request_.is_idempotent(), maybe_processed_}; }

// Whether anything but what the last try said keeps us from another one.
bool Exchange::may_repeat() const {
  return services_.direction == Direction::kOutbound && !informed_ && tries_ < kMaxTries && body_.may_replay();
}

// Connections that did not come about burden nobody; whatever else is repeated costs the budget.
bool Exchange::is_in_budget(Reason why) {
  return Outcome{why}.is_connect_error() || target_.backends->take_retry(services_.loop.now());
}

// The response has not begun.
void Exchange::on_try_failed(const Error& why) {
  pending_.cancel();
  bool replay = may_replay_on_fresh(why);
  upstream_ = nullptr;
  if (info(why.reason).retry != Retry::kUnprocessed) maybe_processed_ = true;
  if (is_hedged()) {
    end_try(why.reason);
    return take_over(HedgeResult::kTookOver);
  }
  if (replay) {
    replayed_ = true;
    try_deadline_.cancel();  // the replay has a time of its own
    pick_->on_retry(why.reason);
    return acquire(ConnectionPool::Freshness::kFresh);
  }
  end_try(why.reason);
  retry_or_reply(why);
}

void Exchange::retry_or_reply(const Error& why) {
  if (!may_repeat() || !may_retry_failure(target_.retry, why.reason, retry_facts())) return reply(why);
  Duration wait = retry_backoff(target_.retry, retry_facts(), services_.random);
  if (!has_time_for(wait) || !is_in_budget(why.reason)) return reply(why);
  retry_in(wait, why);
}

// True: the answer is dropped, and the request goes out again.
bool Exchange::retries_answer(const ResponseHead& head, bool end) {
  RetryAnswer answer{head.status, grpc_status_of(head, end)};
  maybe_processed_ = true;
  if (!may_repeat() || !may_retry_answer(*target_.retry, answer, retry_facts())) return false;
  answer.retry_after = head.fields().get(HeaderName::kRetryAfter);
  answer.pushback = head.fields().get("grpc-retry-pushback-ms");
  auto wait = retry_wait(*target_.retry, answer, retry_facts(), services_.random);
  if (!wait || !has_time_for(*wait) || !is_in_budget(Reason::kUpstreamStatus)) return false;
  drop_answer(head, end);
  retry_in(*wait, make_error(Reason::kUpstreamStatus, "", Origin::kUpstream));
  return true;
}

// The endpoint has answered; what it said is not passed on.
void Exchange::drop_answer(const ResponseHead& head, bool end) {
  MonoTime now = services_.loop.now();
  pick_->on_response(head, end, now - try_sent_at_, now);
  ClientStream* answered = std::exchange(upstream_, nullptr);
  if (!end || !request_ended_) answered->reset(ResetCode::kCancel);
  summary_.status = head.status;
  end_try(Reason::kNone);
  summary_.status = 0;
}

void Exchange::retry_in(Duration wait, const Error& why) {
  failure_ = why.reason;
  if (wait == Duration{}) return retry(why);
  backoff_.arm(services_.loop, wait);
}

void Exchange::on_backoff_over() { retry(make_error(failure_, "", Origin::kUpstream)); }

void Exchange::retry(const Error& why) {
  // The first failure says more than "nobody else is there".
  auto picked = pick_endpoint();
  bool nobody_else = !picked && picked.error().reason == Reason::kNoHealthyEndpoint;
  if (!picked && !(nobody_else && pick_the_same_again(why))) return reply(why);
  pick_->on_retry(why.reason);
  acquire(ConnectionPool::Freshness::kAny);
}

void Exchange::on_try_over() {
  current_->stop_waiting();
  pending_.cancel();
  Error why = make_error(Reason::kUpstreamHeadTimeout, "the route's backendRequest timeout passed", Origin::kUpstream);
  end_try(why.reason);
  if (response_begun_) return break_off(why);
  maybe_processed_ = true;
  if (upstream_ != nullptr) std::exchange(upstream_, nullptr)->reset(ResetCode::kCancel);
  if (is_hedged()) return take_over(HedgeResult::kTookOver);
  retry_or_reply(why);
}
}  // namespace heddle
