// Exchange: one request and its answer; the only class that knows both sides. Created by the handler of a listener,
// lives in its worker's pool, belongs to one loop, ends exactly once in finish(), which reports one ExchangeSummary.
//
//   downstream stream --DownstreamSide--> Exchange --UpstreamSide--> upstream stream
//
// Tries (exchange_tries.cc): a try that was never processed (connect failed, REFUSED_STREAM, beyond GOAWAY, never sent)
// goes to another endpoint, at most twice, only while no earlier try may have been processed; when there is no other,
// who refused the stream (REFUSED_STREAM, beyond GOAWAY) is asked once more. A request that fails without a response
// byte on a reused connection is replayed once on a fresh one to the same endpoint, and then never to another, but
// where the route's `retry` says so: that is proxy/resilience/retry_policy.h, within the budget of the backend set.
// Only outbound exchanges go to another endpoint; an inbound one answers REFUSED_STREAM, so that the caller knows.
#pragma once
#include <array>
#include <memory>
#include <span>

#include "lib/base/object_pool.h"
#include "lib/event/loop.h"
#include "lib/session/stream.h"
#include "proxy/exchange/caller_fields.h"
#include "proxy/exchange/exchange_summary.h"
#include "proxy/exchange/local_reply.h"
#include "proxy/exchange/loop_guard.h"
#include "proxy/exchange/replay_body.h"
#include "proxy/exchange/revoker.h"
#include "proxy/exchange/route_target.h"
#include "proxy/exchange/service_wants.h"
#include "proxy/resilience/pressure.h"
#include "proxy/resilience/retry_policy.h"
#include "proxy/telemetry/access_record.h"

namespace heddle {

// What every exchange of a listener shares; outlives them.
struct ExchangeServices {
  Loop& loop;
  RequestRouter& router;
  ExchangeObserver& observer;
  ObjectPool<class Exchange>& pool;
  const LoopGuard& loop_guard;
  const CallerFields& caller_fields;
  Random& random;
  Direction direction = Direction::kOutbound;
  Duration stream_idle = 300s;     // T4
  ServiceWants* wants = nullptr;   // null: a service that is not here does not exist
  Admission* admission = nullptr;  // null: everybody may come in
  Revoker* revoker = nullptr;      // null without admission
  const Pressure* pressure = nullptr;
};

class Exchange final : public Retirable, private Revocable {
 public:
  static constexpr size_t kMaxTries = RetrySpec::kMaxAttempts + 1;
  static constexpr Duration kLongLife = 10s;            // after which policy that changes is asked again
  static constexpr size_t kDiscardLimit = 1024 * 1024;  // of a request body nobody wants, after our answer
  Exchange(ServerStream&, RequestHead&&, bool end, ExchangeServices&);
  void begin();
  void dispose() noexcept override { services_.pool.destroy(*this); }

 private:
  friend class ObjectPool<Exchange>;
  ~Exchange() override = default;
  struct Downstream final : BodySink {
    explicit Downstream(Exchange& e) : exchange(e) {}
    void on_body(Buffer&& bytes, bool end) override { exchange.on_request_body(std::move(bytes), end); }
    void on_trailers(HeaderMap&& fields) override { exchange.on_request_trailers(std::move(fields)); }
    void on_drained() override { exchange.on_downstream_drained(); }
    void on_gone(const Error& why) override { exchange.on_downstream_gone(why); }
    Exchange& exchange;
  };
  struct Upstream final : ResponseSink, AcquireWaiter {
    explicit Upstream(Exchange& e) : exchange(e) {}
    void on_informational(ResponseHead&& head) override { exchange.on_informational(std::move(head)); }
    void on_response(ResponseHead&& head, bool end) override { exchange.on_response(std::move(head), end); }
    void on_body(Buffer&& bytes, bool end) override { exchange.on_response_body(std::move(bytes), end); }
    void on_trailers(HeaderMap&& fields) override { exchange.on_response_trailers(std::move(fields)); }
    void on_drained() override { exchange.on_upstream_drained(); }
    void on_gone(const Error& why) override { exchange.on_upstream_gone(why); }
    void on_session(ClientSession& session) override { exchange.open_on(session); }
    void on_acquire_failed(const Error& why) override { exchange.on_try_failed(why); }
    Exchange& exchange;
  };

  struct Want final : WantWaiter {
    explicit Want(Exchange& e) : exchange(e) {}
    void on_wanted(const Result<void>& result) override { exchange.on_wanted(result); }
    Exchange& exchange;
  };

  void find_route();
  // Filters of the route: exchange_filters.cc.
  void filter_request_head();
  void after_delay();
  void refuse_answer(const Error&, Reason of_try, bool end);
  void on_wanted(const Result<void>&);
  // Tries.
  void start_try();
  Result<void> pick_endpoint();
  Result<void> pick_beside(std::span<const uint32_t> tried);
  bool pick_the_same_again(const Error&);
  void acquire(ConnectionPool::Freshness);
  void open_on(ClientSession&);
  void send_held_body();
  void on_try_failed(const Error&);
  bool may_replay_on_fresh(const Error&) const;
  RetryFacts retry_facts() const noexcept;
  bool may_repeat() const;
  bool is_in_budget(Reason);
  void retry_or_reply(const Error&);
  bool retries_answer(const ResponseHead&, bool end);
  bool has_time_for(Duration) const;
  void retry_in(Duration, const Error&);
  void retry(const Error&);
  void end_try(Reason);
  // Downstream -> upstream.
  void on_request_body(Buffer&&, bool end);
  void on_request_trailers(HeaderMap&&);
  void on_upstream_drained();
  void on_downstream_gone(const Error&);
  void discard(size_t bytes);
  // Upstream -> downstream.
  void on_informational(ResponseHead&&);
  void sanitize_response(ResponseHead&) const;
  bool is_unspeakable(const ResponseHead&) const;
  void on_response(ResponseHead&&, bool end);
  void on_response_body(Buffer&&, bool end);
  void on_response_trailers(HeaderMap&&);
  void on_downstream_drained();
  void on_upstream_gone(const Error&);
  void on_response_done();
  void on_both_ended();
  // Ends.
  void reply(const Error&);
  void stop_for(Reason);
  void send_reply(LocalReply);
  void explain_denial(ResponseHead&) const;
  void explain_limit(Reason, ResponseHead&) const;
  void explain_absence(const Error&, ResponseHead&) const;
  bool is_admitted() const override;
  void revoke() override;
  void break_off(const Error&);
  void drop_upstream(ResetCode);
  void finish();
  void on_pending_over();
  void on_request_over();
  void on_try_over();
  void on_backoff_over();
  void on_idle_over();
  void touch() {
    idle_.arm(services_.loop, stream_idle_);
    if (services_.loop.now() - summary_.started > kLongLife && !Revocable::is_linked()) watch();
  }
  void watch();

  ExchangeServices& services_;
  Downstream down_{*this};
  Upstream up_{*this};
  Want want_{*this};
  ServerStream* downstream_;          // null when it is over
  ClientStream* upstream_ = nullptr;  // null before, between and after tries
  RequestHead request_;
  ReplayBody body_;
  RouteTarget target_;
  std::optional<BackendSet::Pick> pick_;
  std::array<uint32_t, kMaxTries> tried_{};
  size_t tries_ = 0;
  size_t request_uncredited_ = 0;
  size_t response_uncredited_ = 0;
  size_t discarded_ = 0;
  uint64_t try_bytes_sent_ = 0;
  uint64_t try_bytes_received_ = 0;
  MonoTime try_sent_at_;
  Duration stream_idle_;
  bool request_ended_;
  bool upstream_full_ = false;
  bool downstream_full_ = false;
  bool try_was_reused_ = false;
  bool try_was_http2_ = false;
  bool is_marked_ = false;     // by the LoopGuard
  bool try_was_mesh_ = false;  // the other end proved a SPIFFE id
  bool wanted_ = false;        // the control plane was asked for the service
  bool response_begun_ = false;
  bool response_ended_ = false;
  bool informed_ = false;         // a 1xx came
  bool is_tunnel_ = false;        // 101: each direction ends for itself
  bool replayed_ = false;         // the one replay on a fresh connection was used
  bool maybe_processed_ = false;  // some try may have reached the application
  bool finished_ = false;
  Reason failure_ = Reason::kNone;  // of the try before, while the next one waits
  ExchangeSummary summary_;
  DeadlineOf<Exchange, &Exchange::on_pending_over> pending_{*this};
  DeadlineOf<Exchange, &Exchange::on_request_over> request_deadline_{*this};
  DeadlineOf<Exchange, &Exchange::on_try_over> try_deadline_{*this};
  DeadlineOf<Exchange, &Exchange::on_backoff_over> backoff_{*this};
  DeadlineOf<Exchange, &Exchange::on_idle_over> idle_{*this};
  using FaultDeadline = DeadlineOf<Exchange, &Exchange::after_delay>;
  std::unique_ptr<FaultDeadline> fault_delay_;  // of a request that a filter holds
};

// The RequestHandler of a listener: one exchange per request.
class ExchangeHandler final : public RequestHandler {
 public:
  explicit ExchangeHandler(ExchangeServices services) : services_(services) {}
  void on_request(ServerStream&, RequestHead&&, bool end) override;
  ReasonDisclosure disclosure(const ConnectionInfo& caller) const override {
    return disclosure_to(caller, services_.direction);
  }
  void on_refused_request(const ConnectionInfo&, const RefusedRequest&) override;
  void on_bad_connection(const ConnectionInfo&, const Error&) override;
  void on_abuse(std::string_view kind) override { services_.observer.on_abuse(kind); }

 private:
  ExchangeServices services_;
};
}  // namespace heddle
