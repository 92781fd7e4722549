#include "proxy/exchange/exchange.h"

#include <utility>

#include "lib/base/assert.h"
#include "lib/base/strings.h"
#include "proxy/exchange/filter_answer.h"

namespace heddle {

void ExchangeHandler::on_request(ServerStream& stream, RequestHead&& head, bool end) {
  services_.pool.create(stream, std::move(head), end, services_).begin();
}

void ExchangeHandler::on_refused_request(const ConnectionInfo& connection, const RefusedRequest& request) {
  services_.observer.on_refused_request(connection, request);
}

void ExchangeHandler::on_bad_connection(const ConnectionInfo& connection, const Error& why) {
  services_.observer.on_bad_connection(connection, why);
}

Exchange::Exchange(ServerStream& stream, RequestHead&& head, bool end, ExchangeServices& services)
    : services_(services),
      downstream_(&stream),
      request_(std::move(head)),
      body_(services.loop.blocks()),
      stream_idle_(services.stream_idle),
      request_ended_(end) {
  summary_.started = services.loop.now();
  summary_.peer = stream.connection().peer;
  summary_.peer_certificate = stream.connection().peer_certificate;
  summary_.is_foreign = stream.connection().is_foreign;
  stream.set_sink(down_);
}

void Exchange::begin() {
  touch();
  if (services_.tracer != nullptr) {
    bool decides = services_.direction == Direction::kOutbound || summary_.peer_certificate != nullptr;
    summary_.span = services_.tracer->begin(request_.fields(), decides);
  }
  bool is_full = services_.pressure != nullptr && *services_.pressure == Pressure::kFull;
  if (is_full && !is_gated()) return reply(make_error(Reason::kOverload, ""));
  auto told = services_.caller_fields.apply(request_.fields(), downstream_->connection());
  if (!told) return reply(told.error());
  if (auto passed = services_.loop_guard.check(request_.fields()); !passed) return reply(passed.error());
  find_route();
}

void Exchange::find_route() {
  auto target = services_.router.route(request_, downstream_->connection());
  if (!target && target.error().reason == Reason::kServiceUnknown && services_.wants != nullptr && !wanted_) {
    wanted_ = true;
    return services_.wants->wait(request_.authority(), want_);
  }
  if (services_.facts != nullptr && services_.facts->is_due()) remember(target ? &*target : nullptr);
  if (!target) return reply(target.error());
  target_ = *std::move(target);
  summary_.route = target_.runtime;
  summary_.config_version = target_.config_version;
  target_.runtime->requests.active.add(1);
  if (services_.admission != nullptr) {
    Reason refused = services_.admission->admit(&request_, downstream_->connection(), summary_.authz);
    if (refused != Reason::kNone) return reply(make_error(refused, ""));
  }
  if (!is_within_limits()) return;
  if (target_.stream_idle) {
    stream_idle_ = *target_.stream_idle;
    touch();
  }
  if (auto in_time = bound(); !in_time) return reply(in_time.error());
  if (target_.filters) return filter_request_head();
  start_try();
}

void Exchange::on_wanted(const Result<void>& result) {
  if (!result) {
    if (services_.facts != nullptr && services_.facts->is_due()) remember(nullptr);
    return reply(result.error());
  }
  find_route();
}

// --- downstream to upstream ---

void Exchange::on_request_body(Buffer&& bytes, bool end) {
  touch();
  size_t size = bytes.size();
  summary_.request_bytes += size;
  request_ended_ = end;
  if (mirrors_) mirrors_.write(bytes, end);
  if (end && permit_) permit_.on_request_end(services_.loop.now());
  if (response_ended_ && !is_tunnel_) return discard(size);
  request_uncredited_ += size;
  if (upstream_ == nullptr) return body_.hold(std::move(bytes));
  try_bytes_sent_ += size;
  upstream_full_ = upstream_->write(body_.pass(std::move(bytes)), end) == Flow::kFull;
  if (end && response_ended_) return on_both_ended();
  if (!upstream_full_) on_upstream_drained();
}

void Exchange::on_request_trailers(HeaderMap&& fields) {
  touch();
  request_ended_ = true;
  if (mirrors_) mirrors_.trailers(fields);
  if (permit_) permit_.on_request_end(services_.loop.now());
  if (response_ended_) return finish();
  if (upstream_ == nullptr || body_.may_replay()) body_.keep_trailers(fields.clone());
  if (upstream_ != nullptr) upstream_->trailers(std::move(fields));
}

// What left below the low mark is credited to the sender; nothing else is.
void Exchange::on_upstream_drained() {
  upstream_full_ = false;
  touch();
  if (request_uncredited_ == 0) return;
  size_t bytes = std::exchange(request_uncredited_, 0);
  if (downstream_ != nullptr) downstream_->credit(bytes);
}

void Exchange::on_downstream_gone(const Error& why) {
  downstream_ = nullptr;
  if (!response_ended_ && summary_.reason == Reason::kNone) summary_.reason = why.reason;
  drop_upstream(ResetCode::kCancel);
  finish();
}

// The answer is out; the rest of the request body is read and dropped, up to a limit.
void Exchange::discard(size_t bytes) {
  discarded_ += bytes;
  if (request_ended_) {
    downstream_ = nullptr;
    return finish();
  }
  if (discarded_ <= kDiscardLimit) return downstream_->credit(bytes);
  std::exchange(downstream_, nullptr)->reset(ResetCode::kNoError);
  finish();
}

// --- upstream to downstream ---

void Exchange::on_informational(ResponseHead&& head) {
  touch();
  informed_ = true;  // the application has begun to work on it
  sanitize_response(head);
  if (downstream_ != nullptr) downstream_->inform(std::move(head));
}

// Only a peer sidecar's reason passes; what an application or a backend outside the mesh says is not ours.
void Exchange::sanitize_response(ResponseHead& head) const {
  if (!try_was_mesh_) head.fields().remove(HeaderName::kHeddleReason);
}

// Over HTTP/2 every 2xx accepts an upgrade (RFC 8441 §5): "yes, but nothing is upgraded" cannot be said there.
bool Exchange::is_unspeakable(const ResponseHead& head) const {
  bool upgrade = !request_.protocol().empty() && request_.version == HttpVersion::kHttp2;
  return upgrade && head.status / 100 == 2;
}

void Exchange::on_response(ResponseHead&& head, bool end) {
  touch();
  if (is_unspeakable(head)) {
    Error why = make_error(Reason::kUpstreamProtocolError, "2xx instead of 101 or a refusal", Origin::kUpstream);
    return refuse_answer(why, why.reason, end);
  }
  if (is_hedged() && loses_race(head, end)) return;
  if (target_.retry != nullptr && retries_answer(head, end)) return;
  summary_.status = head.status;
  summary_.response_at = services_.loop.now();
  summary_.upstream_time = summary_.response_at - try_sent_at_;
  if (permit_) permit_.answered(head.status, summary_.response_at);
  pick_->on_response(head, end, summary_.upstream_time, summary_.response_at);
  Result<void> fits = target_.filters ? filter_answer(request_, target_.filters, head) : Result<void>();
  if (!fits) return refuse_answer(fits.error(), Reason::kNone, end);  // the endpoint has answered
  response_begun_ = true;
  body_.stop();
  summary_.upgraded = is_tunnel_ = head.status == 101;
  if (is_tunnel_) {
    request_deadline_.cancel();  // these are of the request, not of the conversation
    try_deadline_.cancel();
    watch();
  }
  sanitize_response(head);
  if (target_.session) tell_session(head);
  downstream_->respond(std::move(head), end);
  if (end) on_response_done();
}

// What may not be passed on is our failure to the client, and the end of the try.
void Exchange::refuse_answer(const Error& why, Reason of_try, bool end) {
  if (end && request_ended_) upstream_ = nullptr;  // it is over
  end_try(of_try);
  reply(why);
}

void Exchange::on_response_body(Buffer&& bytes, bool end) {
  touch();
  size_t size = bytes.size();
  summary_.response_bytes += size;
  try_bytes_received_ += size;
  downstream_full_ = downstream_->write(std::move(bytes), end) == Flow::kFull;
  if (end) return on_response_done();
  response_uncredited_ += size;
  if (!downstream_full_) on_downstream_drained();
}

void Exchange::on_response_trailers(HeaderMap&& fields) {
  downstream_->trailers(std::move(fields));
  on_response_done();
}

void Exchange::on_downstream_drained() {
  downstream_full_ = false;
  touch();
  if (response_uncredited_ == 0) return;
  size_t bytes = std::exchange(response_uncredited_, 0);
  if (upstream_ != nullptr) upstream_->credit(bytes);
}

// The answer is complete. An unfinished request body is of no use any more; the other half of a tunnel is.
void Exchange::on_response_done() {
  response_ended_ = true;
  request_deadline_.cancel();
  if (request_ended_) return on_both_ended();
  if (is_tunnel_) return;
  end_try(Reason::kNone);
  drop_upstream(ResetCode::kNoError);
  if (downstream_ != nullptr && request_uncredited_ > 0) downstream_->credit(std::exchange(request_uncredited_, 0));
}

// Both streams are over and dead.
void Exchange::on_both_ended() {
  end_try(Reason::kNone);
  upstream_ = nullptr;
  downstream_ = nullptr;
  finish();
}

void Exchange::on_upstream_gone(const Error& why) {
  if (call_.is_set() && is_past(over_at_)) {
    upstream_ = nullptr;
    return on_request_over();
  }
  if (!response_begun_) return on_try_failed(why);
  upstream_ = nullptr;
  end_try(why.reason);
  break_off(why);
}

// --- ends ---

// An answer of our own: nothing of an upstream's answer has been sent.
void Exchange::reply(const Error& why) {
  stop_for(why.reason);
  bool tell_caller = services_.direction == Direction::kInbound && info(why.reason).retry == Retry::kUnprocessed &&
                     !maybe_processed_ && downstream_->connection().alpn == "h2";
  if (tell_caller) {
    std::exchange(downstream_, nullptr)->reset(ResetCode::kRefused);
    return finish();
  }
  ReasonDisclosure disclosure = disclosure_to(downstream_->connection(), services_.direction);
  LocalReply answer = make_local_reply(request_, why, disclosure, services_.loop.blocks());
  if (why.reason == Reason::kAuthzDenied) explain_denial(answer.head);
  if (summary_.rate.policy != nullptr) mark_rate_limited(summary_.rate, is_grpc(request_), answer.head);
  if (summary_.limit.value != 0) explain_limit(why.reason, answer.head);
  if (why.reason == Reason::kRequestTimeout && disclosure == ReasonDisclosure::kName) explain_deadline(answer.head);
  if (why.reason == Reason::kNoHealthyEndpoint && !why.detail.empty()) explain_absence(why, answer.head);
  send_reply(std::move(answer));
}

void Exchange::stop_for(Reason reason) {
  summary_.reason = reason;
  summary_.made_here = true;
  if (permit_) permit_.give_up(services_.loop.now());
  request_deadline_.cancel();
  drop_upstream(ResetCode::kCancel);
}

void Exchange::send_reply(LocalReply answer) {
  summary_.status = answer.head.status;
  response_begun_ = response_ended_ = true;
  downstream_->respond(std::move(answer.head), answer.body.empty());
  if (!answer.body.empty()) {
    static_cast<void>(downstream_->write(Buffer(services_.loop.blocks(), answer.body), true));
  }
  if (request_ended_) {
    downstream_ = nullptr;
    return finish();
  }
  if (request_uncredited_ > 0) downstream_->credit(std::exchange(request_uncredited_, 0));
}

void Exchange::explain_denial(ResponseHead& answer) const {
  if (!summary_.authz.caller_may_read) return;
  AuthzText room;
  bool fits = answer.fields().set(HeaderName::kHeddleReason, authz_reason_text(summary_.authz, room));
  HEDDLE_ASSERT(fits);  // a fresh arena
  static_cast<void>(fits);
}

// For our own application alone: a peer has no business with what we forward to.
void Exchange::explain_limit(Reason reason, ResponseHead& answer) const {
  if (services_.direction != Direction::kOutbound) return;
  std::string text = limit_reason_text(reason, summary_.limit, target_.runtime->backend_set);
  bool fits = answer.fields().set(HeaderName::kHeddleReason, text);
  HEDDLE_ASSERT(fits);  // a fresh arena
  static_cast<void>(fits);
}

// Why nobody is there: of subsets, and where a share of the endpoints must be healthy.
void Exchange::explain_absence(const Error& why, ResponseHead& answer) const {
  if (services_.direction != Direction::kOutbound) return;
  std::string text = str_cat(info(why.reason).name, "; ", why.detail, "; backend-set=", target_.runtime->backend_set);
  bool fits = answer.fields().set(HeaderName::kHeddleReason, text);
  HEDDLE_ASSERT(fits);  // a fresh arena
  static_cast<void>(fits);
}

void Exchange::watch() {
  bool is_in = target_.runtime != nullptr && !Revocable::is_linked();
  if (services_.revoker != nullptr && is_in) services_.revoker->watch(*this);
}

bool Exchange::is_admitted() const {
  bool is_over = downstream_ == nullptr || (response_ended_ && !is_tunnel_);
  return is_over || services_.admission->still_admits(&request_, downstream_->connection());
}

void Exchange::revoke() {
  static_cast<void>(services_.admission->admit(&request_, downstream_->connection(), summary_.authz));
  Error why = make_error(Reason::kAuthzDenied, "an AuthorizationPolicy changed");
  if (response_begun_) return break_off(why);
  reply(why);
}

// The answer has begun and cannot be completed: never a clean end (RFC 9112 §8).
void Exchange::break_off(const Error& why, ResetCode code) {
  summary_.reason = why.reason;
  drop_upstream(ResetCode::kCancel);
  if (downstream_ != nullptr) std::exchange(downstream_, nullptr)->reset(code);
  finish();
}

void Exchange::drop_upstream(ResetCode code) {
  current_->stop_waiting();
  want_.unlink();
  pending_.cancel();
  backoff_.cancel();
  hedge_after_.cancel();
  if (is_hedged()) drop_hedge(HedgeResult::kCancelled);
  if (fault_delay_) fault_delay_->cancel();
  end_try(Reason::kCancelled);
  if (upstream_ != nullptr) std::exchange(upstream_, nullptr)->reset(code);
}

void Exchange::on_pending_over() {
  bool is_limited = pick_->pool().lacks_connections();
  bool is_silent = !is_limited && pick_->pool().connections() == 0;
  current_->stop_waiting();
  if (is_silent) end_try(Reason::kUpstreamConnectTimeout);
  if (is_hedged()) {
    end_try(Reason::kCancelled);
    return take_over(HedgeResult::kTookOver);
  }
  if (!is_limited) return reply(make_error(Reason::kPendingTimeout, "no connection in time"));
  summary_.limit = pick_->limit(CircuitResource::kConnections);
  reply(make_error(CircuitBreaker::reason_of(CircuitResource::kConnections), "no connection became free in time"));
}

void Exchange::on_request_over() {
  if (is_past(call_.at())) return on_call_over();
  Error why = make_error(Reason::kRequestTimeout, "the route's request timeout passed");
  // Who had the time to itself did not answer; who came after others, or after a delay of ours, is not to blame.
  bool had_the_time = tries_ == 1 && !summary_.delayed && upstream_ != nullptr && request_ended_;
  if (had_the_time && !response_begun_) end_try(why.reason);
  if (response_begun_) return break_off(why);
  reply(why);
}

void Exchange::on_idle_over() {
  Error why = make_error(Reason::kStreamIdleTimeout, "nothing moved");
  if (response_begun_) return break_off(why);
  reply(why);
}

void Exchange::finish() {
  if (std::exchange(finished_, true)) return;
  pending_.cancel();
  request_deadline_.cancel();
  try_deadline_.cancel();
  backoff_.cancel();
  idle_.cancel();
  if (mirrors_) mirrors_.let_go();
  hedge_after_.cancel();
  Revocable::unlink();
  if (permit_) permit_.give_up(services_.loop.now());
  if (target_.runtime != nullptr) target_.runtime->requests.active.add(-1);
  if (fact_ != 0) tell_fact();
  services_.observer.on_finished(summary_, request_);
  services_.loop.retire(*this);
}
}  // namespace heddle
