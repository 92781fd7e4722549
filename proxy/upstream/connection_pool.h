// ConnectionPool: the connections of one worker to one endpoint. Hands out sessions with room, dials when there are
// none, and lets requests wait. Belongs to one loop; the sessions own themselves and report here. On destruction it
// disowns them: streams in flight end in peace.
//
// HTTP/1: one request per connection; the most recently used idle one first (the oldest die of their idle time, 3 s
// towards a local application: shorter than any application's own). HTTP/2: one connection until its streams run out.
//
// The limit of connections is the backend set's. A pool that has none may always dial one, so that idle connections to
// other endpoints keep nobody from this one.
#pragma once
#include <memory>
#include <vector>

#include "lib/net/connector.h"
#include "lib/session/client_session.h"
#include "proxy/upstream/upstream_metrics.h"

namespace heddle {

// How many wait in a queue: here and in the gauge of the backend set.
class WaitingCount {
 public:
  explicit WaitingCount(UpstreamMetrics& metrics) : metrics_(metrics) {}
  ~WaitingCount() { metrics_.on_waited(count_); }
  WaitingCount(const WaitingCount&) = delete;
  WaitingCount& operator=(const WaitingCount&) = delete;
  void add() noexcept {
    ++count_;
    metrics_.on_waiting();
  }
  void remove() noexcept {
    --count_;
    metrics_.on_waited();
  }
  size_t value() const noexcept { return count_; }

 private:
  UpstreamMetrics& metrics_;
  size_t count_ = 0;
};

// One request that waits for a connection. A member of what waits; its destruction leaves the queue.
class AcquireWaiter : private ListNode<AcquireWaiter> {
 public:
  bool is_waiting() const noexcept { return is_linked(); }
  void stop_waiting() noexcept {
    if (!is_linked()) return;
    unlink();
    counted_in_->remove();
    permit_.release();
  }

 protected:
  AcquireWaiter() = default;
  ~AcquireWaiter() { stop_waiting(); }
  // From the loop; exactly one of these. on_session() must open its stream at once.
  virtual void on_session(ClientSession&) = 0;
  virtual void on_acquire_failed(const Error&) = 0;

 private:
  friend class ConnectionPool;
  friend class IntrusiveList<AcquireWaiter>;
  WaitingCount* counted_in_ = nullptr;  // the pool's, while linked
  CircuitBreaker::Permit permit_;       // of kPending, while linked
};

struct PoolLimits {
  Duration connect = 1s;           // T7: 1 s remote, 300 ms to the local application
  Duration pending_age = 3s;       // L10; the waiter's own deadline
  std::optional<Duration> idle{};  // of connections without a request; absent: as the session's limits say
};

class ConnectionPool;

// The limits of all pools of one backend set on a worker, and which of them would dial if they might.
class PoolGroup {
 public:
  CircuitBreaker breaker;
  // A connection ended: those that starve dial while they may, who came first first.
  void wake();

 private:
  friend class ConnectionPool;
  IntrusiveList<ConnectionPool, struct StarvingTag> starving_;
};

// What the pools of one backend set share on a worker. Neither is null.
struct PoolShare {
  std::shared_ptr<UpstreamMetrics> metrics;
  std::shared_ptr<PoolGroup> group;
};

struct PoolSpec {
  Address address;
  Connector* connector = nullptr;  // plain or TLS; outlives the pool
  ClientProtocol* http1 = nullptr;
  ClientProtocol* http2 = nullptr;
  // Without ALPN (plaintext): speak HTTP/2 by prior knowledge.
  bool prior_knowledge_http2 = false;
  bool expect_http2 = false;  // one dial at a time, because its connection will carry many requests
  SessionLimits session;
  PoolLimits limits;
  PoolShare share;
};

class ConnectionPool final : private ClientSession::Owner, private ListNode<ConnectionPool, StarvingTag> {
 public:
  ConnectionPool(const SessionContext&, PoolSpec);
  ~ConnectionPool();

  // A session with room, or nullptr: then wait(). Open the stream before anything else happens.
  ClientSession* try_acquire();
  // Only fresh: a session that has carried no request yet, for the replay after the keep-alive race.
  enum class Freshness : uint8_t { kAny, kFresh };
  // kPendingOverflow when too many wait (rule L9). Otherwise the waiter hears from the loop.
  Result<void> wait(AcquireWaiter&, Freshness = Freshness::kAny);
  // No new picks; idle connections close, busy ones when they are done. Requests that wait are still served: theirs is
  // this endpoint, and a replay may go to no other.
  void drain();
  // For what is dialled, waits and becomes idle from now on, and for connections that are idle already.
  void set_limits(const PoolLimits&);
  // Who waits is kept from a connection of its own by the backend set's limit, not by the endpoint.
  bool lacks_connections() const noexcept;
  size_t connections() const noexcept { return connections_.size(); }
  size_t pending() const noexcept { return pending_.value() + fresh_pending_.value(); }
  const PoolLimits& limits() const noexcept { return spec_.limits; }

 private:
  friend class PoolGroup;
  friend class IntrusiveList<ConnectionPool, StarvingTag>;
  using Starving = ListNode<ConnectionPool, StarvingTag>;
  struct Dial {
    Pending token;
    CircuitBreaker::Permit permit;  // of kConnections
  };
  using Waiters = IntrusiveList<AcquireWaiter>;
  // ClientSession::Owner
  void on_room(ClientSession&) override;
  void on_unusable(ClientSession&) override;
  void on_session_gone(ClientSession&) override;

  size_t missing_dials() const noexcept;
  CircuitBreaker& breaker() const noexcept { return spec_.share.group->breaker; }
  bool may_dial() const noexcept;
  Duration idle_time() const noexcept { return spec_.limits.idle.value_or(spec_.session.idle); }
  void dial_if_needed();
  void dial();
  void on_dialed(Dial&, Result<std::unique_ptr<Transport>>);
  void serve(ClientSession&, Freshness);
  void fail_waiters(const Error&);
  AcquireWaiter* next(Waiters&);
  void drop_finished_dials() { finished_dials_.clear(); }

  SessionContext context_;
  PoolSpec spec_;
  IntrusiveList<ClientSession, PoolTag> ready_;  // have room; most recently used first
  Waiters waiters_;
  Waiters fresh_waiters_;  // served by new connections only
  std::vector<std::unique_ptr<Dial>> dials_;
  std::vector<std::unique_ptr<Dial>> finished_dials_;
  std::vector<ClientSession*> all_;
  DeferredOf<ConnectionPool, &ConnectionPool::drop_finished_dials> drop_dials_{*this};
  std::vector<CircuitBreaker::Permit> connections_;   // one of each in all_
  WaitingCount pending_{*spec_.share.metrics};        // in waiters_
  WaitingCount fresh_pending_{*spec_.share.metrics};  // in fresh_waiters_
  bool draining_ = false;
};
}  // namespace heddle
