// ObjectEvents: problems of Services as Kubernetes Events (core/v1), which `kubectl describe service` shows: a
// Service's status is not ours to write. Each object and message once, by name, so that another control plane or a
// restart makes no second one. Pure; owned by StatusWriter. Limits: kRate on average, kMost messages remembered,
// further ones are only in the log.
#pragma once
#include <deque>
#include <set>

#include "control/cluster/cluster_objects.h"
#include "lib/base/clock.h"
#include "lib/base/token_bucket.h"

namespace heddle {
class ObjectEvents {
 public:
  static constexpr double kRate = 1;  // per second
  static constexpr double kBurst = 10;
  static constexpr size_t kMost = 10'000;
  static constexpr size_t kMaxMessage = 1024;  // the API server takes no longer one
  struct Event {
    std::string ns;
    JsonValue body;
  };
  explicit ObjectEvents(MonoTime now) : bucket_(kRate, kBurst, now) {}
  // Of a Service; others have conditions.
  void want(const ClusterProblem&);
  std::optional<Event> next(const ClusterObjects&, MonoTime now, WallTime wall);
  size_t waiting() const noexcept { return queue_.size(); }

 private:
  TokenBucket bucket_;
  std::set<std::string> known_;    // texts of problems
  std::deque<std::string> order_;  // of known_, the oldest first
  std::deque<ClusterProblem> queue_;
};

// What of a problem goes into the cluster, of the Service that has it.
JsonValue event_of(const JsonValue& service, const ClusterProblem&, WallTime);
}  // namespace heddle
