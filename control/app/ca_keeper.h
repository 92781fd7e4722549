// CaKeeper: the CA's housekeeping: looks every second whether the files of a given authority changed (on the offload
// pool) and whether a rotation's next step is due and nobody in its way, and takes it: by the rules of `heddle ca
// rotate`, never forced. Of several control planes the one that leads takes steps and brings in what its files say; the
// others look all the same. What fails is tried again after a while, an audit line for each try. What it cannot do it
// says: log, metric, `heddle ca status`. Decides nothing itself (RotationSchedule, RotationPlan, StepRetry). Control
// loop; timer and token die with it; a step of the rotator that is under way must not end after it.
#pragma once
#include <functional>

#include "control/ca/ca_outlook.h"
#include "control/ca/ca_rotator.h"
#include "control/ca/step_retry.h"
#include "control/registry/node_registry.h"
#include "control/store/leadership.h"
#include "control/store/ledger.h"
#include "lib/base/log.h"
#include "lib/base/operation.h"

namespace heddle {
class CaKeeper {
 public:
  static constexpr Duration kEvery = 1s;
  static constexpr Duration kLookAgain = 30s;  // at files that were refused: the clock is a part of some rules
  struct Parts {
    Scheduler& scheduler;
    std::function<Pending(Task work, Task done)> run_offload;  // the files
    CaRotator& rotator;
    const NodeRegistry& registry;
    Ledger& ledger;
    Leadership& leadership;
    RotationSchedule schedule;
    GivenCaFiles files;  // none: roots are made here
    KeyForm form;
    ExtraNames names;
    Logger log;
    // Why what is known of the others may be old: then no step is taken. Empty, or not set: it is not.
    std::function<std::string()> old_store{};
  };
  explicit CaKeeper(Parts);
  void start() { timer_->arm(Duration{}); }
  // SIGHUP: looks at the files now, changed or not, and tries again what failed.
  void reload();
  const CaOutlook& outlook() const noexcept { return outlook_; }

 private:
  // What the offload thread found.
  struct Seen {
    std::string stat;
    std::optional<Result<GivenCa>> loaded;  // nothing: unchanged
  };
  void turn();
  void look();
  void on_seen(Seen);
  void on_given(const Result<void>&);
  void bring_in();
  void refuse(const Error&);
  void advance();
  void take_or_wait(RotationStep);
  void take(RotationStep, const RotationPlan&);
  void on_taken(RotationStep, const Result<void>&);
  void say(std::string problem, size_t waits_for);
  void look_at_end();
  void warn_of_end();
  void alarm(RotationSchedule::Alarm, std::string problem);
  Parts parts_;
  std::unique_ptr<Timer> timer_;
  Pending work_;
  bool working_ = false;
  std::string stat_;  // of what was looked at last, good or bad
  MonoTime look_again_;
  std::string refused_;  // why the files are
  StepRetry retry_;
  std::string failure_;  // of the last try
  std::string said_;     // in the log
  MonoTime say_again_;
  CaOutlook outlook_;
};
}  // namespace heddle
