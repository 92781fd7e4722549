// CaRotator: the state of the CA and the steps that change it: judged by RotationPlan, made durable by CaStore, then
// told to whoever signs, serves and distributes. Each step is an audit line, done or refused, of the control plane that
// was asked. A step blocks the control loop for a key and, with files, two or three small writes: a few milliseconds
// (with a passphrase some tenths of a second), some times a year. One change at a time. Where control planes share the
// state, one whose step was slower reads what the faster one decided, and everybody follows (on_documents_changed()).
// An authority given by files (given_ca.h) is what the next rotation leads to; one of the same root as the one that
// signs takes its place at once. Control loop.
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
  using Done = UniqueFunction<void(Result<void>)>;
  using Opened = UniqueFunction<void(Result<std::unique_ptr<CaRotator>>)>;
  struct Parts {
    std::unique_ptr<CaStore> store;
    const Clock& clock;
    AuditSink& audit;
    Logger log;
    std::optional<GivenCa> given{};  // nothing: roots are made here
  };
  // `done` may run inside. Also fails where nothing here could sign (kConfigInvalid).
  [[nodiscard]] static Pending open(Parts, Opened done);

  // Of the mesh.
  const CaState& state() const noexcept { return state_; }
  const DomainRoots::Ptr& bundle() const noexcept { return bundle_; }
  // What signs in this process: the state's signer, unless its key is not here (signer_here()).
  const CertificateAuthority::Ptr& signer() const noexcept { return signer_; }
  void set_on_changed(OnChanged on_changed) { on_changed_ = std::move(on_changed); }
  RotationPlan plan(std::vector<LiveSidecar> live, std::vector<ControlPlaneTrust> others = {}) const;
  // Errors as RotationPlan::judge() has them; kConflict: a step is under way, or another control plane was faster;
  // kIo, kUnavailable: nothing changed here. `done` may run inside.
  void step(RotationStep, const RotationPlan&, std::span<const std::string> except, const Caller&, StepBy, Done done);
  // The files hold this now. kIo: what signs and who is trusted is as before. `done` may run inside.
  void give(GivenCa, Done done);
  // The same where another control plane leads: its key is known here from now on, and signs if its root is the one
  // that does. Everything else is for who leads.
  Result<void> hold(GivenCa);
  // Null: roots are made here.
  const GivenCa* given() const noexcept { return given_ ? &*given_ : nullptr; }
  // What is given was held only, or another control plane wrote since: who leads gives it once more.
  bool is_to_be_given() const noexcept { return given_ && is_news_; }
  bool is_busy() const noexcept { return change_.has_value(); }

  // Another control plane wrote what this one shares with it.
  void on_documents_changed();
  // Why the newest state could not be read: it is as before, and no step can be taken here. Empty: it was.
  const std::string& lag() const noexcept { return lag_; }

  class Access {
    friend class CaRotator;
    Access() = default;
  };
  CaRotator(Access, Parts parts, CaState state, DomainRoots::Ptr bundle);

 private:
  class Opening;
  struct Change {
    CaState next;
    DomainRoots::Ptr bundle;
    bool is_renewal = false;
  };
  struct Changing {
    Change what;
    Done done;
  };
  Result<Change> judged(RotationStep, const RotationPlan&, std::span<const std::string> except, StepBy) const;
  Result<CaState> state_after(RotationStep, RotationPhase) const;
  Result<std::optional<Change>> change_by(const GivenCa&) const;
  CaState with_own(CaState, const CertificateAuthority::Ptr&) const;
  void begin(Change, Done);
  void finish(Done);
  void write();
  void on_written(Result<void> kept);
  void succeed();
  void fail(Error);
  template <class F>
  void run(F start);
  void adopt(CaState, DomainRoots::Ptr);
  void tell_renewal();
  void catch_up();
  void fall_behind(const Error&);
  Parts parts_;
  CaState state_;
  DomainRoots::Ptr bundle_;
  CertificateAuthority::Ptr signer_;
  OnChanged on_changed_;
  std::optional<GivenCa> given_;
  bool is_news_ = false;
  bool unfinished_ = false;  // the store does not hold all of what was activated yet
  std::optional<Changing> change_;
  bool is_behind_ = false;  // others wrote while a change of ours was under way
  std::string lag_;
  uint64_t calls_ = 0;  // of the store
  Pending pending_;     // the last of them
};
}  // namespace heddle
