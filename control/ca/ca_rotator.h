// CaRotator: the state of the CA and the steps that change it: judged by RotationPlan, made durable by CaStore, then
// told to whoever signs, serves and distributes. Each step is an audit line, done or refused. A step blocks the control
// loop for a key and two or three small files: a few milliseconds (with a passphrase some tenths of a second), some
// times a year. An authority given by files (given_ca.h) is what the next rotation leads to; one of the same root as
// the one that signs takes its place at once. Control loop.
#pragma once
#include "control/ca/audit.h"
#include "control/ca/ca_store.h"
#include "control/ca/given_ca.h"
#include "lib/base/log.h"

namespace heddle {
// Who takes a step: what the schedule does with an authority given by files, an operator does by replacing the files.
enum class StepBy : uint8_t { kOperator, kSchedule };

class CaRotator {
 public:
  // Tells what changed; the new state is durable already.
  using OnChanged = UniqueFunction<void(const CaState&)>;
  struct Parts {
    CaStore store;
    const Clock& clock;
    AuditSink& audit;
    Logger log;
    std::optional<GivenCa> given{};  // nothing: roots are made here
  };
  static Result<std::unique_ptr<CaRotator>> open(Parts);

  const CaState& state() const noexcept { return state_; }
  const DomainRoots::Ptr& bundle() const noexcept { return bundle_; }
  void set_on_changed(OnChanged on_changed) { on_changed_ = std::move(on_changed); }
  RotationPlan plan(std::vector<LiveSidecar> live) const;
  // Errors as RotationPlan::judge() has them, and kIo: nothing changed then.
  Result<void> step(RotationStep, const RotationPlan&, std::span<const std::string> except, const Caller&,
                    StepBy = StepBy::kOperator);
  // The files hold this now. kIo: what signs and who is trusted is as before.
  Result<void> give(GivenCa);
  // Null: roots are made here.
  const GivenCa* given() const noexcept { return given_ ? &*given_ : nullptr; }

  class Access {
    friend class CaRotator;
    Access() = default;
  };
  CaRotator(Access, Parts parts, CaState state, DomainRoots::Ptr bundle)
      : parts_(std::move(parts)), state_(std::move(state)), bundle_(std::move(bundle)) {}

 private:
  Result<void> take(RotationStep, const RotationPlan&, std::span<const std::string> except, StepBy);
  Result<CaState> state_with(const GivenCa&) const;
  Result<void> renew(CaState next, DomainRoots::Ptr bundle);
  Result<CaState> state_after(RotationStep, RotationPhase) const;
  Result<void> finish();
  Parts parts_;
  CaState state_;
  DomainRoots::Ptr bundle_;
  OnChanged on_changed_;
  std::optional<GivenCa> given_;
  bool unfinished_ = false;  // ca.pem does not hold what was activated yet
};
}  // namespace heddle
