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
// A try that has no answer yet may get a second one beside it (exchange_hedge.cc): the first good head wins.
// Only outbound exchanges go to another endpoint; an inbound one answers REFUSED_STREAM, so that the caller knows.
#pragma once
#include <array>
#include <memory>
#include <span>

#include "lib/base/object_pool.h"
#include "lib/event/loop.h"
#include "lib/session/stream.h"
#include "proxy/exchange/call_deadline.h"
#include "proxy/exchange/caller_fields.h"
#include "proxy/exchange/exchange_summary.h"
#include "proxy/exchange/local_reply.h"
#include "proxy/exchange/loop_guard.h"
#include "proxy/exchange/mirror.h"
#include "proxy/exchange/overload_gate.h"
#include "proxy/exchange/replay_body.h"
#include "proxy/exchange/request_limits.h"
#include "proxy/exchange/revoker.h"
#include "proxy/exchange/route_target.h"
#include "proxy/exchange/service_wants.h"
#include "proxy/resilience/hedge.h"
#include "proxy/resilience/pressure.h"
#include "proxy/resilience/retry_policy.h"
#include "proxy/telemetry/access_record.h"
#include "proxy/telemetry/fact_recorder.h"

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
  Tracer* tracer = nullptr;                 // null: what callers say of traces is passed on as it came
  MirrorSender* mirrors = nullptr;          // null: no request is mirrored
  OverloadGate* overload = nullptr;         // null of outbound listeners
  RequestLimits* limits = nullptr;          // null: of outbound listeners
  FactRecorder* facts = nullptr;            // null: no request is remembered
  const FactOrigin* fact_origin = nullptr;  // beside it
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
  // Of the try the exchange goes by (current_), or of a hedge beside it: then it has no answer yet.
  struct Upstream final : ResponseSink, AcquireWaiter {
    explicit Upstream(Exchange& e) : exchange(e) {}
    bool is_current() const noexcept { return exchange.current_ == this; }
    void on_informational(ResponseHead&& head) override {
      if (is_current()) exchange.on_informational(std::move(head));
    }
    void on_response(ResponseHead&& head, bool end) override {
      is_current() ? exchange.on_response(std::move(head), end) : exchange.on_hedge_response(std::move(head), end);
    }
    void on_body(Buffer&& bytes, bool end) override { exchange.on_response_body(std::move(bytes), end); }
    void on_trailers(HeaderMap&& fields) override { exchange.on_response_trailers(std::move(fields)); }
    void on_drained() override {
      if (is_current()) exchange.on_upstream_drained();
    }
    void on_gone(const Error& why) override {
      is_current() ? exchange.on_upstream_gone(why) : exchange.on_hedge_failed(why);
    }
    void on_session(ClientSession& session) override {
      is_current() ? exchange.open_on(session) : exchange.open_hedge_on(session);
    }
    void on_acquire_failed(const Error& why) override {
      is_current() ? exchange.on_try_failed(why) : exchange.on_hedge_failed(why);
    }
    Exchange& exchange;
  };

  struct Want final : WantWaiter {
    explicit Want(Exchange& e) : exchange(e) {}
    void on_wanted(const Result<void>& result) override { exchange.on_wanted(result); }
    Exchange& exchange;
  };

  void find_route();
  // What is remembered of the request: exchange_facts.cc.
  void remember(const RouteTarget* target);
  void tell_fact();
  // The time there is: exchange_deadline.cc.
  Result<void> bound();
  void tell_time_left();
  bool has_time_for(Duration) const;
  bool is_past(MonoTime at) const;
  // Overload: exchange_overload.cc.
  // By spec.overload of this workload: asked once it is known whose request this is, under pressure, too.
  bool is_gated() const noexcept { return services_.overload != nullptr && services_.overload->is_on(); }
  bool is_let_in();
  bool is_within_limits();
  void refuse_overload(const OverloadNote&);
  // Filters of the route: exchange_filters.cc.
  void filter_request_head();
  void after_delay();
  bool is_mirrored() const;
  void start_mirrors(RequestHead&&);
  void refuse_answer(const Error&, Reason of_try, bool end);
  void tell_session(ResponseHead&) const;  // exchange_session.cc
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
  void drop_answer(const ResponseHead&, bool end);
  void retry_in(Duration, const Error&);
  void retry(const Error&);
  void end_try(Reason);
  // A second try beside the current one: exchange_hedge.cc.
  bool is_hedged() const noexcept { return hedge_ != nullptr && hedge_->pick.has_value(); }
  HedgeFacts hedge_facts() const;
  void on_hedge_due();
  void send_hedge();
  void open_hedge_on(ClientSession&);
  void on_hedge_pending_over();
  void on_hedge_response(ResponseHead&&, bool end);
  void on_hedge_failed(const Error&);
  bool loses_race(const ResponseHead&, bool end);
  void drop_overtaken();
  void take_over(HedgeResult);
  void drop_hedge(HedgeResult);
  void end_hedge(const Outcome&, HedgeResult);
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
  void explain_deadline(ResponseHead&) const;
  void explain_absence(const Error&, ResponseHead&) const;
  bool is_admitted() const override;
  void revoke() override;
  void break_off(const Error&, ResetCode = ResetCode::kInternalError);
  void drop_upstream(ResetCode);
  void finish();
  void on_pending_over();
  void on_request_over();
  void on_call_over();
  void on_try_over();
  void on_backoff_over();
  void on_idle_over();
  void touch() {
    idle_.arm(services_.loop, stream_idle_);
    if (services_.loop.now() - summary_.started > kLongLife && !Revocable::is_linked()) watch();
  }
  void watch();

  // A second try. When it takes over, its parts become those of the exchange, and its sink the current one.
  struct HedgeTry {
    explicit HedgeTry(Exchange& e) : up(e), pending(e) {}
    Upstream up;
    std::optional<BackendSet::Pick> pick;  // while it runs
    ClientStream* stream = nullptr;        // null while it waits for a connection
    MonoTime sent_at;
    bool is_reused = false;  // these of the stream's connection
    bool is_http2 = false;
    bool is_mesh = false;
    bool is_tls = false;
    DeadlineOf<Exchange, &Exchange::on_hedge_pending_over> pending;
  };

  ExchangeServices& services_;
  Downstream down_{*this};
  Upstream up_{*this};
  Upstream* current_ = &up_;  // or that of a hedge which took over
  Want want_{*this};
  ServerStream* downstream_;          // null when it is over
  ClientStream* upstream_ = nullptr;  // null before, between and after tries
  RequestHead request_;
  ReplayBody body_;
  MirrorTap mirrors_;
  OverloadPermit permit_;  // of the local application
  RouteTarget target_;
  std::optional<BackendSet::Pick> pick_;
  std::unique_ptr<HedgeTry> hedge_;  // null until one is sent; at most one
  CallDeadline call_;
  MonoTime over_at_ = CallDeadline::kNever;  // when all has to be over
  std::array<uint32_t, kMaxTries> tried_{};
  size_t tries_ = 0;
  uint32_t asked_ = 0;  // of the current try
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
  uint64_t fact_ = 0;               // ticket of the FactRecorder; 0: nothing is remembered
  Reason failure_ = Reason::kNone;  // of the try before, while the next one waits
  ExchangeSummary summary_;
  DeadlineOf<Exchange, &Exchange::on_pending_over> pending_{*this};
  DeadlineOf<Exchange, &Exchange::on_request_over> request_deadline_{*this};
  DeadlineOf<Exchange, &Exchange::on_try_over> try_deadline_{*this};
  DeadlineOf<Exchange, &Exchange::on_backoff_over> backoff_{*this};
  DeadlineOf<Exchange, &Exchange::on_idle_over> idle_{*this};
  DeadlineOf<Exchange, &Exchange::on_hedge_due> hedge_after_{*this};
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
