// HealthChecker: asks every endpoint whose backend set has a HealthPolicy, on the policy's schedule, and sets or clears
// HealthFlag::kCheckFailed. One per process, on the main loop; the workers only read the flag. It decides nothing about
// requests. An endpoint is usable until its checks say otherwise: a proxy that just started serves at once.
// Several checks of a policy: the endpoint is up while all are. An endpoint in several sets: down while one says so; in
// a set and its subsets: checked once, as one of the parent's.
#pragma once
#include <map>
#include <memory>
#include <optional>

#include "lib/snapshot/snapshot.h"
#include "proxy/upstream/checked_endpoint.h"
#include "proxy/upstream/dns_sets.h"

namespace heddle {

struct HealthCheckerInputs {
  Scheduler& scheduler;
  ProbeFactory& probes;  // NetworkProbes in the proxy
  HealthTable& health;
  Random& random;
  Registry& metrics;
  Logger log;
};

// What the checks of one backend set think of one endpoint.
struct CheckStatus {
  bool is_up = true;
  std::string why_down;  // "http check: unavailable: status 500, expected 200-299"
  CheckFailure last_failure;
};

class HealthChecker {
 public:
  // First checks: one per millisecond and set, all within the check's interval.
  static constexpr Duration kFirstGap = 1ms;
  explicit HealthChecker(const HealthCheckerInputs&);
  ~HealthChecker();
  // What did not change keeps running, what is gone stops in silence. Must not be called from a probe's result.
  // `resolved`: where sets that are looked up in DNS have their endpoints from; may be null.
  void apply(const Snapshot&, const ResolvedSets* resolved = nullptr);
  // nullopt: not checked. Of a subset: asked by its parent's key.
  std::optional<CheckStatus> status(const ResourceKey& backend_set, const EndpointKey&) const;
  size_t endpoints() const noexcept;

 private:
  struct Set {
    Set(const HealthCheckerInputs&, const ResourceKey&);
    std::shared_ptr<const BackendSetEntry> entry;
    std::shared_ptr<const ResolvedEndpoints> found;
    CheckedSetContext context;
    std::map<EndpointKey, std::unique_ptr<CheckedEndpoint>> endpoints;
  };
  void apply_set(const std::shared_ptr<const BackendSetEntry>&, std::shared_ptr<const ResolvedEndpoints> found);
  std::shared_ptr<EndpointVerdict> verdict(const EndpointKey&);

  HealthCheckerInputs inputs_;
  std::map<HealthKey, std::weak_ptr<EndpointVerdict>> verdicts_;
  std::map<ResourceKey, std::unique_ptr<Set>> sets_;
};
}  // namespace heddle
