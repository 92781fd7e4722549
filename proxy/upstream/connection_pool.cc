#include "proxy/upstream/connection_pool.h"

#include <algorithm>
#include <utility>

#include "lib/tls/tls_context.h"

namespace heddle {

void PoolGroup::wake() {
  if (starving_.empty()) return;
  IntrusiveList<ConnectionPool, StarvingTag> now;
  now.splice(starving_);
  while (ConnectionPool* pool = now.front()) {
    pool->Starving::unlink();
    pool->dial_if_needed();  // still starving: in the list again
  }
}

ConnectionPool::ConnectionPool(const SessionContext& context, PoolSpec spec)
    : context_(context), spec_(std::move(spec)) {}

ConnectionPool::~ConnectionPool() {
  dials_.clear();
  spec_.share.metrics->on_connections_gone(connections_.size());
  for (ClientSession* session : std::exchange(all_, {})) session->disown();
  Starving::unlink();
  connections_.clear();
  spec_.share.group->wake();  // its connections are no longer counted: others may dial
}

ClientSession* ConnectionPool::try_acquire() {
  if (draining_) return nullptr;
  ClientSession* session = ready_.front();
  // HTTP/1: this request fills it. HTTP/2: it stays until on_room stops coming, checked here.
  while (session != nullptr && !session->has_room()) {
    session->ListNode<ClientSession, PoolTag>::unlink();
    session = ready_.front();
  }
  if (session != nullptr) spec_.share.metrics->on_reused();
  return session;
}

Result<void> ConnectionPool::wait(AcquireWaiter& waiter, Freshness freshness) {
  auto permit = breaker().try_acquire(CircuitResource::kPending);
  if (!permit) {
    spec_.share.metrics->on_refused(CircuitResource::kPending);
    return make_error(CircuitBreaker::reason_of(CircuitResource::kPending), "");
  }
  waiter.permit_ = std::move(*permit);
  bool is_fresh = freshness == Freshness::kFresh;
  (is_fresh ? fresh_waiters_ : waiters_).push_back(waiter);
  waiter.counted_in_ = is_fresh ? &fresh_pending_ : &pending_;
  waiter.counted_in_->add();
  dial_if_needed();
  if (missing_dials() > 0) spec_.share.metrics->on_refused(CircuitResource::kConnections);
  return {};
}

AcquireWaiter* ConnectionPool::next(Waiters& from) {
  AcquireWaiter* waiter = from.front();
  if (waiter != nullptr) waiter->stop_waiting();
  return waiter;
}

// One HTTP/2 connection serves all who wait, and among them one who wants it fresh.
size_t ConnectionPool::missing_dials() const noexcept {
  size_t one_for_all = std::max(std::min<size_t>(pending_.value(), 1), fresh_pending_.value());
  size_t wanted = spec_.expect_http2 ? one_for_all : pending();
  return wanted - std::min(wanted, dials_.size());
}

bool ConnectionPool::may_dial() const noexcept {
  bool has_none = connections_.empty() && dials_.empty();
  return has_none || !breaker().is_open(CircuitResource::kConnections);
}

bool ConnectionPool::lacks_connections() const noexcept { return missing_dials() > 0 && !may_dial(); }

void ConnectionPool::dial_if_needed() {
  while (missing_dials() > 0 && may_dial()) dial();
  if (missing_dials() == 0) return Starving::unlink();
  if (!Starving::is_linked()) spec_.share.group->starving_.push_back(*this);
}

void ConnectionPool::set_limits(const PoolLimits& limits) {
  spec_.limits = limits;
  for (ClientSession* session : all_) session->set_idle(idle_time());
  dial_if_needed();
}

void ConnectionPool::dial() {
  dials_.push_back(std::make_unique<Dial>());
  Dial* dial = dials_.back().get();
  dial->permit = breaker().acquire(CircuitResource::kConnections);
  dial->token = spec_.connector->connect(
      spec_.address, spec_.limits.connect,
      [this, dial](Result<std::unique_ptr<Transport>> connected) { on_dialed(*dial, std::move(connected)); });
}

void ConnectionPool::on_dialed(Dial& dial, Result<std::unique_ptr<Transport>> connected) {
  // The token must not die inside its own callback.
  auto at = std::find_if(dials_.begin(), dials_.end(), [&](const auto& d) { return d.get() == &dial; });
  CircuitBreaker::Permit permit = std::move(dial.permit);
  finished_dials_.push_back(std::move(*at));
  dials_.erase(at);
  context_.loop.defer(drop_dials_);
  if (!connected) {
    permit.release();
    fail_waiters(connected.error());
    dial_if_needed();
    return spec_.share.group->wake();
  }
  bool is_http2 = (*connected)->info().alpn == alpn::kHttp2 || spec_.prior_knowledge_http2;
  ClientProtocol& protocol = is_http2 ? *spec_.http2 : *spec_.http1;
  SessionLimits limits = spec_.session;
  limits.idle = idle_time();
  ClientSession& session = ClientSession::start(context_, *std::move(connected), protocol, *this, limits);
  connections_.push_back(std::move(permit));
  spec_.share.metrics->on_connection_opened();
  all_.push_back(&session);
  if (AcquireWaiter* fresh = next(fresh_waiters_)) fresh->on_session(session);
  serve(session, Freshness::kFresh);
}

// Waiting requests first; then the session is for whoever comes.
void ConnectionPool::serve(ClientSession& session, Freshness freshness) {
  while (session.has_room() && !waiters_.empty()) {
    if (freshness == Freshness::kAny) spec_.share.metrics->on_reused();
    next(waiters_)->on_session(session);
  }
  dial_if_needed();
  if (draining_) return session.drain();
  if (session.has_room() && !session.ListNode<ClientSession, PoolTag>::is_linked()) ready_.push_front(session);
}

// One dial answers for one request on HTTP/1, for all of those that waited on HTTP/2 (not for those that come while
// the others are told).
void ConnectionPool::fail_waiters(const Error& why) {
  if (AcquireWaiter* fresh = next(fresh_waiters_)) return fresh->on_acquire_failed(why);
  for (size_t n = spec_.expect_http2 ? pending_.value() : 1; n > 0 && !waiters_.empty(); --n) {
    next(waiters_)->on_acquire_failed(why);
  }
}

void ConnectionPool::on_room(ClientSession& session) { serve(session, Freshness::kAny); }

void ConnectionPool::on_unusable(ClientSession& session) { session.ListNode<ClientSession, PoolTag>::unlink(); }

void ConnectionPool::on_session_gone(ClientSession& session) {
  session.ListNode<ClientSession, PoolTag>::unlink();
  all_.erase(std::find(all_.begin(), all_.end(), &session));
  connections_.pop_back();
  spec_.share.metrics->on_connections_gone(1);
  dial_if_needed();
  spec_.share.group->wake();
}

void ConnectionPool::drain() {
  if (std::exchange(draining_, true)) return;
  for (ClientSession* session : all_) session->drain();
}
}  // namespace heddle
