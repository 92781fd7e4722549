// DrainKeeper: the end of a sidecar, in its two forms. drain(): everything at once, then `stop`: SIGTERM, POST /drain.
// leave(): readiness goes off, the control plane is told, and what comes for the application goes on until everybody
// let go of it (Leaving); then that drains, and what the application calls works until drain(), and from then on for as
// long as the application has connections. Owned by the Server; main loop; after the workers are gone it does nothing.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "lib/base/deadline.h"
#include "lib/base/log.h"
#include "lib/base/unique_function.h"
#include "lib/metrics/registry.h"
#include "proxy/app/drain_targets.h"
#include "proxy/app/leaving.h"
#include "proxy/telemetry/drain_metrics.h"
#include "proxy/watch/watch_client.h"

namespace heddle {
class DrainKeeper {
 public:
  enum class State : uint8_t { kServing, kWaiting, kInboundDrained, kDraining };
  struct Parts {
    Scheduler& scheduler;
    const Settings& settings;
    DrainTargets& targets;
    Log& log;
    Registry& metrics;
    std::function<WatchClient*()> watch;  // null: no control plane
    std::function<void()> on_begin;       // readiness goes off; once
    std::function<void()> stop;           // nothing is left, or the deadline passed
  };
  using OnLeft = UniqueFunction<void(const LeaveOutcome&)>;
  explicit DrainKeeper(Parts);
  DrainKeeper(const DrainKeeper&) = delete;
  DrainKeeper& operator=(const DrainKeeper&) = delete;

  // Answers once, when the wait is over; at once when it was over before. Asked again meanwhile: the first deadline
  // counts.
  void leave(Duration within, OnLeft on_left);
  // The same for who does not decide it: answers kNotLeaving where nobody says leave() or drain() within kBegins.
  static constexpr Duration kBegins = 3s;
  static constexpr size_t kMostWaiting = 64;  // of those who may; beyond, kNotLeaving at once
  void await_left(OnLeft on_left);
  // Also ends a wait.
  void drain();
  bool is_draining() const noexcept { return state_ == State::kDraining; }
  // "draining: waits for 3 sidecars".
  std::string text() const;

 private:
  void tell_control();
  void look();
  void enter(State);
  double waited_seconds() const;
  void finish(const LeaveOutcome&);
  void on_callers_gone();
  void on_not_leaving();
  void end_wait();
  void drain_targets(bool serves_application);
  Parts parts_;
  Logger log_;
  State state_ = State::kServing;
  std::optional<Leaving> leaving_;
  std::optional<LeaveOutcome> left_;     // others let go of it
  std::optional<LeaveOutcome> outcome_;  // and nobody is connected any more
  size_t callers_at_ = 0;                // targets that somebody is connected to
  std::vector<OnLeft> waiting_;
  size_t draining_targets_ = 0;
  std::unique_ptr<Timer> look_timer_;
  std::unique_ptr<Timer> deadline_;
  std::unique_ptr<Timer> callers_deadline_;
  std::unique_ptr<Timer> early_deadline_;
  DrainMetrics metrics_;
};
}  // namespace heddle
