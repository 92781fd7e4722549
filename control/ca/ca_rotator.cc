#include "control/ca/ca_rotator.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string detail_of(const CaState& state, std::span<const std::string> except) {
  std::string out = str_cat(to_text(state.phase), ", bundle ", std::to_string(state.sequence), ", signed by ",
                            root_pin(*state.signer));
  if (!except.empty()) out += str_cat(", without ", join({except.begin(), except.end()}, ", "));
  return out;
}

// Those of the file that do not vouch for its authority.
Result<DomainRoots::Ptr> others_of(const GivenCa& ca) {
  CertChain others;
  for (size_t i = 0; i < ca.roots->pins().size(); ++i) {
    if (ca.roots->pins()[i] != root_pin(*ca.authority)) others.push_back(ca.roots->certificates()[i]);
  }
  if (others.empty()) return DomainRoots::Ptr();
  return DomainRoots::create(ca.roots->trust_domain(), std::move(others), {});
}

Error conflict(std::string detail) { return make_error(Reason::kConflict, std::move(detail), Origin::kDownstream); }

// What others prepared from files that we do not have may be aborted: it is not our files that say so.
Result<void> check_ours(RotationStep step, const CaState& state) {
  bool is_of_others = state.next != nullptr && !state.next->has_key();
  if (step != RotationStep::kPrepare && step != RotationStep::kAbort) return {};
  if (step == RotationStep::kAbort && is_of_others) return {};
  return conflict(str_cat("cannot ", to_text(step),
                          ": the root is not ours: the authority is given by files (--ca-cert-file, --ca-key-file, "
                          "--ca-root-file). Whoever owns the root issues another one; replace the files, and the "
                          "rotation prepares itself"));
}
}  // namespace

CaRotator::CaRotator(Access, Parts parts, CaState state, DomainRoots::Ptr bundle) : parts_(std::move(parts)) {
  adopt(std::move(state), std::move(bundle));
}

// The store is opened, then what the files give is brought in.
class CaRotator::Opening final : public Operation {
 public:
  Opening(Parts parts, Opened done)
      : parts_(std::move(parts)), given_(std::exchange(parts_.given, std::nullopt)), done_(std::move(done)) {}
  void start() {
    CaStore& store = *parts_.store;
    Pending token = store.open(parts_.clock.wall(), given_ ? given_->authority : nullptr,
                               [this](Result<CaState> state) { on_state(std::move(state)); });
    if (!is_answered_) token_ = std::move(token);
  }

 private:
  void on_state(Result<CaState> state) {
    is_answered_ = true;
    Result<std::unique_ptr<CaRotator>> made = make(std::move(state));
    if (!made) return end(std::move(made));
    rotator_ = *std::move(made);
    if (!given_ || rotator_->parts_.store->is_shared()) return end(with_files());
    rotator_->give(*std::move(given_), [this](Result<void> given) {
      if (!given) return end(std::move(given).error());
      end(std::move(rotator_));
    });
  }
  Result<std::unique_ptr<CaRotator>> make(Result<CaState> state) {
    if (!state) return std::move(state).error();
    HEDDLE_TRY(DomainRoots::Ptr bundle, state->bundle());
    return std::make_unique<CaRotator>(Access(), std::move(parts_), *std::move(state), std::move(bundle));
  }
  // Who leads gives them, later.
  Result<std::unique_ptr<CaRotator>> with_files() {
    if (given_) HEDDLE_CHECK_OK(rotator_->hold(*std::move(given_)));
    if (rotator_->signer()->has_key()) return std::move(rotator_);
    return make_error(Reason::kConfigInvalid, missing_key(rotator_->state()));
  }
  // May destroy this.
  void end(Result<std::unique_ptr<CaRotator>> opened) {
    Opened done = std::move(done_);
    done(std::move(opened));
  }
  Parts parts_;
  std::optional<GivenCa> given_;
  Opened done_;
  bool is_answered_ = false;
  std::unique_ptr<CaRotator> rotator_;
  Pending token_;
};

Pending CaRotator::open(Parts parts, Opened done) {
  auto opening = std::make_unique<Opening>(std::move(parts), std::move(done));
  opening->start();
  return opening;
}

RotationPlan CaRotator::plan(std::vector<LiveSidecar> live, std::vector<ControlPlaneTrust> others) const {
  return {{state_.phase, bundle_->digest(), root_pin(*state_.signer)}, std::move(live), std::move(others)};
}

void CaRotator::step(RotationStep step, const RotationPlan& plan, std::span<const std::string> except,
                     const Caller& caller, StepBy by, Done done) {
  std::vector<std::string> without(except.begin(), except.end());
  Done told = [this, step, without, caller, done = std::move(done)](Result<void> taken) mutable {
    AuditRecord record{str_cat("ca-", to_text(step)), state_.signer->trust_domain().id(), detail_of(state_, without)};
    parts_.audit.write_line(audit_line(record, caller, taken, parts_.clock.wall()));
    done(std::move(taken));
  };
  Result<Change> next = judged(step, plan, except, by);
  if (!next) return told(std::move(next).error());
  begin(*std::move(next), std::move(told));
}

Result<CaRotator::Change> CaRotator::judged(RotationStep step, const RotationPlan& plan,
                                            std::span<const std::string> except, StepBy by) const {
  if (is_busy()) return conflict("a step is under way");
  if (!lag_.empty()) return conflict(str_cat("this control plane cannot read what another one decided: ", lag_));
  if (given_ && by == StepBy::kOperator) HEDDLE_CHECK_OK(check_ours(step, state_));
  HEDDLE_TRY(RotationPhase phase, plan.judge(step, except));
  HEDDLE_TRY(CaState next, state_after(step, phase));
  HEDDLE_TRY(DomainRoots::Ptr bundle, next.bundle());
  return Change{std::move(next), std::move(bundle)};
}

Result<CaState> CaRotator::state_after(RotationStep step, RotationPhase phase) const {
  CaState next{phase, state_.sequence, parts_.clock.wall(), state_.signer, nullptr, nullptr, state_.also};
  next.is_aborted = step == RotationStep::kAbort;
  if (step != RotationStep::kActivate) ++next.sequence;  // that one changes who signs, not whom to trust
  if (step == RotationStep::kPrepare && given_) next.next = given_->authority;
  if (step == RotationStep::kPrepare && !given_) {
    HEDDLE_TRY(next.next, CertificateAuthority::create_root(state_.signer->trust_domain(),
                                                            parts_.store->root_lifetime(), next.since));
  }
  if (step == RotationStep::kRetire && !given_) next.also = nullptr;  // of files that are given no more
  if (step == RotationStep::kActivate) {
    if (!state_.next->has_key()) return conflict(str_cat("cannot activate here: ", missing_key(state_)));
    next.signer = state_.next;
    next.old = state_.signer->roots();
  }
  return next;
}

void CaRotator::begin(Change change, Done done) {
  change_.emplace(Changing{std::move(change), std::move(done)});
  if (!unfinished_) return write();
  finish([this](Result<void> finished) {
    if (!finished) return fail(std::move(finished).error());
    write();
  });
}

void CaRotator::finish(Done then) {
  run([&] {
    return parts_.store->finish(state_, [this, then = std::move(then)](Result<void> finished) mutable {
      unfinished_ = !finished;
      Done next = std::move(then);
      next(std::move(finished));
    });
  });
}

void CaRotator::write() {
  run([this] {
    auto then = [this](Result<void> kept) { on_written(std::move(kept)); };
    const Change& what = change_->what;
    return what.is_renewal ? parts_.store->renew(what.next, then) : parts_.store->decide(what.next, then);
  });
}

// Of a call that was answered inside, or by which another one was begun, nothing is kept.
template <class F>
void CaRotator::run(F start) {
  uint64_t call = ++calls_;
  Pending token = start();
  if (change_ && calls_ == call) pending_ = std::move(token);
}

void CaRotator::on_written(Result<void> kept) {
  if (!kept) return fail(std::move(kept).error());
  adopt(std::move(change_->what.next), std::move(change_->what.bundle));
  if (change_->what.is_renewal) return succeed();
  // Decided is decided: the next start, or the next step, finishes it.
  finish([this](Result<void> finished) {
    if (!finished) parts_.log.error("the activated root is not in ca.pem yet", {{"error", finished.error()}});
    succeed();
  });
}

void CaRotator::succeed() {
  Changing changed = *std::exchange(change_, std::nullopt);
  if (changed.what.is_renewal) tell_renewal();
  if (!changed.what.is_renewal) {
    parts_.log.info(
        "the rotation of the root goes on",
        {{"phase", to_text(state_.phase)}, {"bundle", state_.sequence}, {"signer", root_pin(*state_.signer)}});
  }
  if (on_changed_) on_changed_(state_);
  if (is_behind_) catch_up();
  changed.done({});
}

// Whoever was faster decided something that is to be known before anybody tries again.
void CaRotator::fail(Error why) {
  Changing failed = *std::exchange(change_, std::nullopt);
  catch_up();
  failed.done(std::move(why));
}

void CaRotator::adopt(CaState state, DomainRoots::Ptr bundle) {
  state_ = std::move(state);
  bundle_ = std::move(bundle);
  signer_ = signer_here(state_, {signer_, given_ ? given_->authority : nullptr});
}

void CaRotator::on_documents_changed() {
  if (is_busy()) {
    is_behind_ = true;
  } else {
    catch_up();
  }
}

void CaRotator::catch_up() {
  is_behind_ = false;
  Result<std::optional<CaState>> newer = parts_.store->read_newer();
  if (!newer) return fall_behind(newer.error());
  lag_.clear();
  if (!*newer) return;
  Result<DomainRoots::Ptr> bundle = (*newer)->bundle();
  if (!bundle) return fall_behind(bundle.error());
  adopt(**std::move(newer), *std::move(bundle));
  is_news_ = true;
  parts_.log.info(
      "follows what another control plane decided about the root",
      {{"phase", to_text(state_.phase)}, {"bundle", state_.sequence}, {"signer", root_pin(*state_.signer)}});
  if (on_changed_) on_changed_(state_);
}

void CaRotator::fall_behind(const Error& why) {
  std::string text = why.text();
  if (text == std::exchange(lag_, text)) return;
  parts_.log.error("what another control plane decided about the root cannot be read, the old state stays",
                   {{"error", text}});
}

void CaRotator::give(GivenCa ca, Done done) {
  if (is_busy()) return done(conflict("a step is under way"));
  if (parts_.store->is_shared()) {
    if (Result<void> held = hold(ca); !held) return done(std::move(held));
  }
  Result<std::optional<Change>> change = change_by(ca);
  if (!change) return done(std::move(change).error());
  Done given = [this, ca = std::move(ca), done = std::move(done)](Result<void> kept) mutable {
    if (kept) {
      given_ = std::move(ca);
      is_news_ = false;
    }
    done(std::move(kept));
  };
  if (!*change) return given({});
  begin(**std::move(change), std::move(given));
}

Result<std::optional<CaRotator::Change>> CaRotator::change_by(const GivenCa& ca) const {
  if (!lag_.empty()) return conflict(str_cat("this control plane cannot read what another one decided: ", lag_));
  CaState next = with_own(state_, ca.authority);
  HEDDLE_TRY(next.also, others_of(ca));
  HEDDLE_TRY(DomainRoots::Ptr bundle, next.bundle());
  bool is_news = bundle->digest() != bundle_->digest();
  bool is_newer = next.signer != state_.signer || next.next != state_.next;
  if (is_news) {
    ++next.sequence;
    HEDDLE_TRY(bundle, next.bundle());
  }
  if (!is_news && !is_newer) return std::optional<Change>();
  return std::optional<Change>(Change{std::move(next), std::move(bundle), true});
}

// The files' certificate and key in place of those of the same root.
CaState CaRotator::with_own(CaState state, const CertificateAuthority::Ptr& own) const {
  for (CertificateAuthority::Ptr* held : {&state.signer, &state.next}) {
    bool is_same_root = *held != nullptr && root_pin(**held) == root_pin(*own);
    bool is_other = is_same_root && ((*held)->fingerprint() != own->fingerprint() || !(*held)->has_key());
    if (is_other) *held = own;
  }
  return state;
}

Result<void> CaRotator::hold(GivenCa ca) {
  if (is_busy()) return conflict("a step is under way");
  HEDDLE_CHECK_OK(parts_.store->hold(ca.authority));
  CertificateAuthority::Ptr before = signer_;
  given_ = std::move(ca);
  is_news_ = true;
  adopt(with_own(state_, given_->authority), bundle_);
  if (signer_->fingerprint() == before->fingerprint() && signer_->has_key() == before->has_key()) return {};
  tell_renewal();
  if (on_changed_) on_changed_(state_);
  return {};
}

void CaRotator::tell_renewal() {
  AuditRecord record{"ca-renew", state_.signer->trust_domain().id(),
                     str_cat(detail_of(state_, {}), ", by the certificate ", signer_->fingerprint())};
  parts_.audit.write_line(audit_line(record, {"", "files", ""}, {}, parts_.clock.wall()));
  parts_.log.info("the authority of the files is in use", {{"certificate", signer_->fingerprint()},
                                                           {"not_after", format_time(signer_->not_after())},
                                                           {"bundle", state_.sequence}});
}
}  // namespace heddle
