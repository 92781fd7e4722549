// CheckedEndpoint: the running checks of one endpoint of one backend set. Each check has a probe, a schedule and a
// threshold tracker of its own; the endpoint is up while all of them are. Owned by the HealthChecker, on the main loop.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/base/random.h"
#include "proxy/resilience/health_table.h"
#include "proxy/resilience/health_tracker.h"
#include "proxy/telemetry/proxy_metrics.h"
#include "proxy/upstream/probe.h"

namespace heddle {

// Several backend sets may check the same endpoint: its flag is set while at least one of them votes "down".
class EndpointVerdict {
 public:
  EndpointVerdict(std::shared_ptr<EndpointHealth> health, const Clock& clock)
      : health_(std::move(health)), clock_(clock) {}
  EndpointHealth& health() noexcept { return *health_; }
  void vote_down() noexcept {
    if (votes_++ == 0) health_->set(HealthFlag::kCheckFailed, clock_.wall());
  }
  void withdraw() noexcept {
    if (--votes_ == 0) health_->clear(HealthFlag::kCheckFailed, clock_.wall());
  }

 private:
  std::shared_ptr<EndpointHealth> health_;
  const Clock& clock_;
  size_t votes_ = 0;
};

// What all endpoints of a backend set share; outlives them.
struct CheckedSetContext {
  Scheduler& scheduler;
  ProbeFactory& probes;
  Random& random;
  Logger log;
  std::string name;  // namespace/name
  HealthMetrics metrics;
  Duration spread{};  // first checks start within this time
};

// The last check that failed, whatever the thresholds made of it.
struct CheckFailure {
  std::string why;  // "http check: unavailable: status 500, expected 200-299"
  WallTime at;      // epoch 0: none did
};

class CheckedEndpoint {
 public:
  CheckedEndpoint(CheckedSetContext&, const EndpointKey&, std::shared_ptr<EndpointVerdict>);
  CheckedEndpoint(const CheckedEndpoint&) = delete;
  CheckedEndpoint& operator=(const CheckedEndpoint&) = delete;
  ~CheckedEndpoint();  // withdraws its vote; says nothing
  // Checks that stay as they are keep running; a changed one starts anew but remembers whether it was up.
  void set_checks(const std::vector<ProbeSpec>&);
  bool is_up() const noexcept { return failing_ == 0; }
  const std::string& why_down() const noexcept { return why_down_; }  // empty while up
  const CheckFailure& last_failure() const noexcept { return last_failure_; }
  const EndpointKey& key() const noexcept { return key_; }

 private:
  class Check;
  void on_result(const ProbeSpec&, const ProbeResult&, Duration took);
  void on_transition(Transition, const ProbeSpec&, const ProbeResult&);
  void add_failing(const std::string& why);
  void remove_failing();
  void log_transition(const ProbeSpec&, const ProbeResult&) const;

  CheckedSetContext& context_;
  const EndpointKey key_;
  std::shared_ptr<EndpointVerdict> verdict_;
  std::vector<std::unique_ptr<Check>> checks_;
  size_t failing_ = 0;
  std::string why_down_;
  CheckFailure last_failure_;
};

// How long after a check the next one begins: `interval`, but unhealthyInterval while the check says "down", and
// noTrafficInterval while it says "up" and nobody sent the endpoint anything since the check before.
Duration next_interval(const ActiveCheck&, bool is_up, bool had_traffic) noexcept;
}  // namespace heddle
