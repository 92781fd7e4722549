// BackendRow: one endpoint of one backend set with its numbers, as /backends and /stats show them. Collected at the
// moment of asking from the snapshot in force, the health every worker shares and the health checker. Main loop.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/snapshot/snapshot.h"
#include "proxy/upstream/dns_sets.h"
#include "proxy/upstream/health_checker.h"

namespace heddle {

enum class BackendState : uint8_t { kUp, kDown, kNotChecked };
std::string_view to_text(BackendState) noexcept;  // "UP", "DOWN", "no check"

struct BackendCheck {
  CheckKind kind = CheckKind::kTcp;
  Reason reason = Reason::kNone;
  uint16_t status = 0;
  Duration took{};
  Duration age{};
};

// Passive judgement. An endpoint that is out is DOWN.
struct BackendOutlier {
  OutlierState state = OutlierState::kIn;
  Duration left{};         // until it gets the request that proves it; 0: that may come now
  std::string why;         // of the present or last ejection
  std::string_view cause;  // the same as a word: "consecutive-errors"
  uint64_t ejections = 0;
};

struct BackendRow {
  std::string address;   // unique in its set
  std::string identity;  // empty: none expected
  std::string zone;
  BackendState state = BackendState::kNotChecked;
  std::string why;  // while DOWN
  uint32_t weight = 1;
  uint32_t sessions = 0;
  uint64_t sessions_total = 0;
  uint32_t requests_active = 0;
  uint64_t requests = 0;
  uint64_t bytes_in = 0;   // towards the endpoint
  uint64_t bytes_out = 0;  // from it
  uint64_t errors = 0;
  uint64_t connect_errors = 0;  // some of them
  uint64_t checks_failed = 0;
  uint64_t times_down = 0;
  Duration downtime{};
  std::optional<Duration> last_change;  // age; nullopt: never changed
  std::optional<BackendCheck> last_check;
  std::string last_failure;  // of a check, ever; empty: none failed
  std::optional<Duration> last_failure_age;
  std::optional<BackendOutlier> outlier;  // nullopt: not judged, or never picked
};

struct BackendTable {
  std::string name;  // namespace/name
  std::string balancer;
  std::string tls;
  std::vector<BackendRow> rows;
  std::optional<DnsSetStatus> dns = {};  // of a set that is looked up
  std::string subset_of = {};            // "shop/hello: version=v2"; empty: it is no subset
  std::string balanced_by = {};          // the TrafficPolicy that says so; empty: the set itself
};

// The sums over a set; it is UP while one endpoint may be used.
struct BackendTotals {
  BackendRow sum;       // counters only
  uint64_t usable = 0;  // endpoints that are not DOWN
  uint64_t weight = 0;  // of those
  std::string_view state() const noexcept { return to_text(usable > 0 ? BackendState::kUp : BackendState::kDown); }
};
BackendTotals totals_of(const BackendTable&);

struct BackendSources {
  HealthTable& health;
  const HealthChecker& checker;
  const Clock& clock;
  DnsSets* dns = nullptr;
};
// One table per backend set, by name.
std::vector<BackendTable> collect_backends(const Snapshot&, const BackendSources&);
}  // namespace heddle
