// BackendSet: the endpoints of one backend set as one worker uses them: balancer, circuit breaker, connection pools.
// Belongs to one loop. A changed specification keeps the runtime (pools, health) of every endpoint that stays.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "proxy/lb/load_balancer.h"
#include "proxy/resilience/circuit_breaker.h"
#include "proxy/upstream/endpoint_runtime.h"

namespace heddle {

class BackendSet {
  // Outlives the set while picks are out.
  struct Shared {
    std::unique_ptr<LoadBalancer> balancer;
    CircuitBreaker breaker;
    uint64_t generation = 0;  // moves when indexes change their meaning
  };

 public:
  // One endpoint taken for one try. Ends with finish(), or as cancelled when destroyed.
  class Pick {
   public:
    uint32_t index() const noexcept { return index_; }
    const Endpoint& endpoint() const noexcept { return runtime_->endpoint(); }
    ConnectionPool& pool() noexcept { return runtime_->pool(); }
    Connector& tcp_connector() noexcept { return runtime_->tcp_connector(); }
    const std::shared_ptr<EndpointHealth>& health() const noexcept { return runtime_->health(); }
    // The answer's head came `latency` after the request was sent.
    void on_response(Duration latency, MonoTime now);
    void finish(const Outcome& outcome) { runtime_->health()->record(outcome); }

   private:
    friend class BackendSet;
    std::shared_ptr<EndpointRuntime> runtime_;
    std::shared_ptr<Shared> shared_;
    uint32_t index_ = 0;
    uint64_t generation_ = 0;
    InFlight in_flight_;
    CircuitBreaker::Permit permit_;  // before shared_ dies
  };

  BackendSet(UpstreamContext&, const BackendSetSpec&);
  ~BackendSet();
  void update(const BackendSetSpec&);
  // kNoHealthyEndpoint or kRequestOverflow.
  Result<Pick> pick(std::span<const uint32_t> tried);
  size_t size() const noexcept { return endpoints_.size(); }

 private:
  UpstreamContext& context_;
  std::string name_;
  std::vector<std::shared_ptr<EndpointRuntime>> endpoints_;
  std::optional<LbPolicy> policy_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};
}  // namespace heddle
