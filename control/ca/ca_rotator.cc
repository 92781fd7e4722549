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

Result<void> check_ours(RotationStep step) {
  if (step != RotationStep::kPrepare && step != RotationStep::kAbort) return {};
  return make_error(Reason::kConflict,
                    str_cat("cannot ", to_text(step),
                            ": the root is not ours: the authority is given by files (--ca-cert-file, --ca-key-file, "
                            "--ca-root-file). Whoever owns the root issues another one; replace the files, and the "
                            "rotation prepares itself"),
                    Origin::kDownstream);
}
}  // namespace

Result<std::unique_ptr<CaRotator>> CaRotator::open(Parts parts) {
  std::optional<GivenCa> given = std::exchange(parts.given, std::nullopt);
  HEDDLE_TRY(CaState state, parts.store.open(parts.clock.wall(), given ? given->authority : nullptr));
  HEDDLE_TRY(DomainRoots::Ptr bundle, state.bundle());
  auto rotator = std::make_unique<CaRotator>(Access(), std::move(parts), std::move(state), std::move(bundle));
  if (given) HEDDLE_CHECK_OK(rotator->give(*std::move(given)));
  return rotator;
}

RotationPlan CaRotator::plan(std::vector<LiveSidecar> live) const {
  return {{state_.phase, bundle_->digest(), root_pin(*state_.signer)}, std::move(live)};
}

Result<void> CaRotator::step(RotationStep step, const RotationPlan& plan, std::span<const std::string> except,
                             const Caller& caller, StepBy by) {
  Result<void> taken = take(step, plan, except, by);
  AuditRecord record{str_cat("ca-", to_text(step)), state_.signer->trust_domain().id(), detail_of(state_, except)};
  parts_.audit.write_line(audit_line(record, caller, taken, parts_.clock.wall()));
  return taken;
}

Result<void> CaRotator::take(RotationStep step, const RotationPlan& plan, std::span<const std::string> except,
                             StepBy by) {
  if (given_ && by == StepBy::kOperator) HEDDLE_CHECK_OK(check_ours(step));
  HEDDLE_TRY(RotationPhase phase, plan.judge(step, except));
  if (unfinished_) HEDDLE_CHECK_OK(finish());
  HEDDLE_TRY(CaState next, state_after(step, phase));
  HEDDLE_TRY(DomainRoots::Ptr bundle, next.bundle());
  HEDDLE_CHECK_OK(parts_.store.decide(next));
  state_ = std::move(next);
  bundle_ = std::move(bundle);
  // Decided is decided: the next start, or the next step, finishes it.
  if (Result<void> finished = finish(); !finished) {
    parts_.log.error("the activated root is not in ca.pem yet", {{"error", finished.error()}});
  }
  parts_.log.info(
      "the rotation of the root goes on",
      {{"phase", to_text(state_.phase)}, {"bundle", state_.sequence}, {"signer", root_pin(*state_.signer)}});
  if (on_changed_) on_changed_(state_);
  return {};
}

Result<CaState> CaRotator::state_after(RotationStep step, RotationPhase phase) const {
  CaState next{phase, state_.sequence, parts_.clock.wall(), state_.signer, nullptr, nullptr, state_.also};
  next.is_aborted = step == RotationStep::kAbort;
  if (step != RotationStep::kActivate) ++next.sequence;  // that one changes who signs, not whom to trust
  if (step == RotationStep::kPrepare && given_) next.next = given_->authority;
  if (step == RotationStep::kPrepare && !given_) {
    HEDDLE_TRY(next.next, CertificateAuthority::create_root(state_.signer->trust_domain(), parts_.store.root_lifetime(),
                                                            next.since));
  }
  if (step == RotationStep::kRetire && !given_) next.also = nullptr;  // of files that are given no more
  if (step == RotationStep::kActivate) {
    next.signer = state_.next;
    next.old = state_.signer->roots();
  }
  return next;
}

Result<void> CaRotator::give(GivenCa ca) {
  HEDDLE_TRY(CaState next, state_with(ca));
  HEDDLE_TRY(DomainRoots::Ptr bundle, next.bundle());
  bool is_news = bundle->digest() != bundle_->digest();
  bool is_newer = next.signer != state_.signer || next.next != state_.next;
  if (is_news) {
    ++next.sequence;
    HEDDLE_TRY(bundle, next.bundle());
  }
  if (is_news || is_newer) HEDDLE_CHECK_OK(renew(std::move(next), std::move(bundle)));
  given_ = std::move(ca);
  return {};
}

Result<CaState> CaRotator::state_with(const GivenCa& ca) const {
  CaState next = state_;
  HEDDLE_TRY(next.also, others_of(ca));
  for (CertificateAuthority::Ptr* held : {&next.signer, &next.next}) {
    bool is_same_root = *held != nullptr && root_pin(**held) == root_pin(*ca.authority);
    if (is_same_root && (*held)->fingerprint() != ca.authority->fingerprint()) *held = ca.authority;
  }
  return next;
}

Result<void> CaRotator::renew(CaState next, DomainRoots::Ptr bundle) {
  if (unfinished_) HEDDLE_CHECK_OK(finish());
  HEDDLE_CHECK_OK(parts_.store.renew(next));
  state_ = std::move(next);
  bundle_ = std::move(bundle);
  AuditRecord record{"ca-renew", state_.signer->trust_domain().id(),
                     str_cat(detail_of(state_, {}), ", by the certificate ", state_.signer->fingerprint())};
  parts_.audit.write_line(audit_line(record, {"", "files", ""}, {}, parts_.clock.wall()));
  parts_.log.info("the authority of the files is in use", {{"certificate", state_.signer->fingerprint()},
                                                           {"not_after", format_time(state_.signer->not_after())},
                                                           {"bundle", state_.sequence}});
  if (on_changed_) on_changed_(state_);
  return {};
}

Result<void> CaRotator::finish() {
  Result<void> finished = parts_.store.finish(state_);
  unfinished_ = !finished;
  return finished;
}
}  // namespace heddle
