// BackendSet: the endpoints of one backend set as one worker uses them: balancer, circuit breaker, connection pools.
// Belongs to one loop. A changed specification keeps the runtime (pools, health) of every endpoint that stays.
// A worker knows every set of the mesh and uses few: what a set needs is made at its first pick, and the runtime of an
// endpoint (connectors, pool) when that is picked first.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "proxy/lb/load_balancer.h"
#include "proxy/resilience/circuit_breaker.h"
#include "proxy/resilience/hedge.h"
#include "proxy/resilience/retry_budget.h"
#include "proxy/upstream/endpoint_runtime.h"
#include "proxy/upstream/session_index.h"
#include "proxy/upstream/set_outliers.h"
#include "proxy/upstream/set_share.h"
#include "proxy/upstream/traffic_limits.h"

namespace heddle {
struct BackendSetView;

class BackendSet {
  // Outlives the set while picks are out.
  struct Shared {
    explicit Shared(std::shared_ptr<UpstreamMetrics> m) : metrics(std::move(m)) {}
    std::shared_ptr<UpstreamMetrics> metrics;
    std::unique_ptr<LoadBalancer> balancer;
    RetryBudget budget;
    std::shared_ptr<PoolGroup> group = std::make_shared<PoolGroup>();
    CircuitBreaker& breaker() const noexcept { return group->breaker; }
    uint64_t generation = 0;                // moves when indexes change their meaning
    uint64_t session_scope = 0;             // session_scope() of the set
    std::unique_ptr<SetOutliers> outliers;  // nullptr: no policy says so
    std::unique_ptr<SetShare> share;        // nullptr: nobody asked since the endpoints changed
  };

 public:
  // One endpoint taken for one try. Ends with finish(), or as cancelled when destroyed.
  class Pick {
   public:
    Pick() = default;
    Pick(Pick&&) noexcept = default;
    Pick& operator=(Pick&&) noexcept = default;
    ~Pick() {
      // The failure of a dial ends the pick from inside the pool: who holds it last must not destroy it there.
      if (runtime_.use_count() == 1) runtime_->context().left.add(std::move(runtime_));
    }
    uint32_t index() const noexcept { return index_; }
    const Endpoint& endpoint() const noexcept { return runtime_->endpoint(); }
    ConnectionPool& pool() noexcept { return runtime_->pool(); }
    Connector& tcp_connector() noexcept { return runtime_->tcp_connector(); }
    const std::shared_ptr<EndpointHealth>& health() const noexcept { return runtime_->health(); }
    // The answer's head came `latency` after the request was sent. One that says "too many" counts as slow, however
    // quick it came (rate_limited.h).
    void on_response(const ResponseHead&, bool end, Duration latency, MonoTime now);
    // This pick is there because a try failed.
    void on_retry(Reason of_failed_try) { shared_->metrics->on_retry(of_failed_try); }
    // This pick is a hedge, and what became of it.
    void on_hedge(HedgeResult result) { shared_->metrics->on_hedge(result); }
    // Given up `at_least` after the request was sent, because another endpoint answered before it.
    void on_overtaken(Duration at_least, MonoTime now);
    void finish(const Outcome& outcome);
    // Opaque TCP: the connection is there, which is all that can be told of an endpoint.
    void on_connected();
    // What a session that stays here is kept by: session_endpoint().
    uint64_t session() const noexcept { return session_endpoint(shared_->session_scope, endpoint().address()); }
    // Nobody may wait any more, or has waited in vain: what kept it from a connection.
    LimitNote limit(CircuitResource resource) const noexcept { return shared_->breaker().note(resource); }

   private:
    friend class BackendSet;
    std::shared_ptr<EndpointRuntime> runtime_;
    std::shared_ptr<Shared> shared_;
    uint32_t index_ = 0;
    uint64_t generation_ = 0;
    InFlight in_flight_;
    CircuitBreaker::Permit permit_;  // these before shared_ dies
    CircuitBreaker::Permit retry_;
    CircuitBreaker::Permit tunnel_;
    OutlierProbe probe_;  // nearly always empty
  };
  // What the pick is for. A tunnel is a connection of its own.
  enum class Purpose : uint8_t { kRequest, kTunnel };
  enum class Try : uint8_t { kFirst, kRetry };
  struct PickOptions {
    Try which = Try::kFirst;
    Purpose purpose = Purpose::kRequest;
    LimitNote* refused_by = nullptr;  // set when a limit refused
    std::optional<uint64_t> hash{};   // of the request's key (hash_key.h), where it has one
    uint64_t session = 0;             // session_endpoint() that goes before the balancer while it is usable; 0: none
  };

  using Spec = std::shared_ptr<const BackendSetSpec>;
  using Traffic = std::shared_ptr<const TrafficPolicySpec>;  // nullptr: the defaults
  using Policy = std::shared_ptr<const HealthPolicySpec>;    // nullptr: none
  BackendSet(UpstreamContext&, Spec, Traffic = nullptr, Policy = nullptr);
  ~BackendSet();
  // Connections stay, whatever the limits and times are now.
  void update(Spec, Traffic = nullptr, Policy = nullptr);
  // kNoHealthyEndpoint, kRequestOverflow, of tunnels kConnectionOverflow.
  Result<Pick> pick(std::span<const uint32_t> tried, PickOptions options);
  Result<Pick> pick(std::span<const uint32_t> tried) { return pick(tried, PickOptions()); }
  // Whether the endpoint with this session_endpoint() is there, has a weight, is healthy and not ejected.
  bool is_usable(uint64_t session);
  // What retries are a share of: each request once, and each retry. After a pick; false: none is left (counted).
  void count_request(MonoTime now);
  [[nodiscard]] bool take_retry(MonoTime now);
  // Of a copy that was sent here, or not: after pick() said so.
  void count_mirrored(MirrorOutcome outcome) { shared_->metrics->on_mirrored(outcome); }
  size_t size() const noexcept { return spec_->endpoints.size(); }
  // Whether a request that could go to another set may come here: enough endpoints are healthy (minimum_share.h), or an
  // ejected one waits for a request that proves it. Asked where a minimum is set, of the other sets only meanwhile.
  bool is_usable();
  // A request went to another set, for this one is not usable.
  void count_left() { shared_->metrics->on_left(); }
  // What a pick with this hash would find now, for `explain`; changes nothing (backend_set_view.h).
  BackendSetView view(std::optional<uint64_t> hash) const;

 private:
  SetShare& share();
  Error nobody(std::span<const uint32_t> tried);
  struct Slot {
    std::shared_ptr<EndpointHealth> health;
    std::shared_ptr<EndpointRuntime> runtime;  // nullptr: never picked
  };
  void make_slots();
  void carry_slots(const BackendSetSpec& before);
  bool keep(Slot& from, Slot& to, const Endpoint&);
  void make_balancer();
  void watch_outliers();
  std::shared_ptr<OutlierEndpoint> outlier_of(uint32_t index) const;
  std::optional<uint32_t> usable_session(uint64_t session);
  std::optional<uint32_t> choose(const PickContext&, uint64_t session, OutlierProbe&);
  void show_candidates();
  LbCandidate candidate_of(uint32_t index, std::shared_ptr<const EndpointHealth>) const;
  LbCandidate seen_candidate(uint32_t index) const;
  std::optional<uint32_t> would_pick(const std::vector<LbCandidate>&, const LbInputs&, const PickContext&) const;
  void view_limits(BackendSetView&) const;
  const std::shared_ptr<EndpointRuntime>& runtime_of(uint32_t index);
  void apply_limits();
  Result<void> take_permits(const PickOptions&, Pick&);
  Result<void> take_permit(CircuitResource, CircuitBreaker::Permit&, const PickOptions&);

  UpstreamContext& context_;
  Spec spec_;
  Traffic traffic_;
  Policy policy_;
  std::vector<Slot> slots_;                       // by index in the spec, from the first pick on
  std::shared_ptr<Shared> shared_;                // nullptr before the first pick
  std::unique_ptr<const SessionIndex> sessions_;  // of spec_; nullptr: nobody asked
};
}  // namespace heddle
