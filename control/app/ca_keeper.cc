#include "control/app/ca_keeper.h"

#include "control/api/ca_view.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kSayAgain = 10min;

std::string waiting_text(RotationStep step, const std::vector<Laggard>& late) {
  const Laggard& first = late.front();
  std::string more = late.size() == 1 ? "" : str_cat(" and ", std::to_string(late.size() - 1), " more");
  // For how long it is not heard would be another text, and so a line of the log, each second.
  bool is_control_plane = !first.control_plane.empty();
  std::string_view why = is_control_plane ? "is not heard or has not followed" : std::string_view(first.why);
  return str_cat("waits to ", to_text(step), " for ", first.name(), ", which ", why, more);
}
}  // namespace

CaKeeper::CaKeeper(Parts parts) : parts_(std::move(parts)), timer_(parts_.scheduler.timer([this] { turn(); })) {
  stat_ = parts_.files.all() ? stat_of(parts_.files) : std::string();
  look_again_ = parts_.scheduler.now() + kLookAgain;
  outlook_.is_given = parts_.files.all();
}

void CaKeeper::reload() {
  stat_.clear();
  retry_.reset();
  look();
}

void CaKeeper::turn() {
  timer_->arm(kEvery);
  look();
  advance();
}

void CaKeeper::look() {
  if (!parts_.files.all() || std::exchange(working_, true)) return;
  bool again = !refused_.empty() && parts_.scheduler.now() >= look_again_;
  if (again) look_again_ = parts_.scheduler.now() + kLookAgain;
  const TrustDomain& domain = parts_.rotator.state().signer->trust_domain();
  auto seen = std::make_shared<Seen>();
  work_ = parts_.run_offload(
      [seen, files = parts_.files, known = again ? std::string() : stat_, domain, form = parts_.form.copy(),
       names = parts_.names, now = parts_.scheduler.wall()] {
        seen->stat = stat_of(files);
        if (seen->stat != known) seen->loaded = load_given_ca(files, domain, form, names, now);
      },
      [this, seen] { on_seen(std::move(*seen)); });
}

// While a step is under way nothing is given; the files are looked at again then.
void CaKeeper::on_seen(Seen seen) {
  working_ = false;
  if (!seen.loaded || parts_.rotator.is_busy()) return;
  stat_ = std::move(seen.stat);
  if (!*seen.loaded) return refuse(seen.loaded->error());
  if (!parts_.leadership.leads()) return on_given(parts_.rotator.hold(**std::move(seen.loaded)));
  parts_.rotator.give(**std::move(seen.loaded), [this](const Result<void>& taken) { on_given(taken); });
}

void CaKeeper::on_given(const Result<void>& taken) {
  if (!taken) return refuse(taken.error());
  refused_.clear();
  retry_.reset();
  advance();
}

// What was held while another one led; not while others have newer files than we.
void CaKeeper::bring_in() {
  CaRotator& ca = parts_.rotator;
  bool is_due = ca.is_to_be_given() && ca.lag().empty() && missing_key(ca.state()).empty();
  if (!is_due || !parts_.leadership.leads()) return;
  ca.give(GivenCa(*ca.given()), [this](const Result<void>& taken) {
    if (!taken) refuse(taken.error());
  });
}

// Files are often replaced one after the other: a set that does not fit is told once.
void CaKeeper::refuse(const Error& why) {
  std::string text = why.text();
  if (text == std::exchange(refused_, text)) return;
  parts_.log.error("the authority's new files are refused, the old authority stays", {{"error", text}});
}

void CaKeeper::advance() {
  if (!parts_.rotator.is_busy()) bring_in();
  if (parts_.rotator.is_busy()) return;  // the next turn goes on
  const GivenCa* given = parts_.rotator.given();
  std::optional<std::string> root;
  if (given != nullptr) root = root_pin(*given->authority);
  outlook_.next = parts_.schedule.next(parts_.rotator.state(), root);
  outlook_.are_files_refused = !refused_.empty();
  if (const std::string& lag = parts_.rotator.lag(); !lag.empty()) {
    return alarm(RotationSchedule::Alarm::kError, str_cat("what another control plane decided cannot be read: ", lag));
  }
  if (outlook_.next && outlook_.next->at <= parts_.scheduler.wall()) return take_or_wait(outlook_.next->step);
  look_at_end();
}

// Who does not lead says whom it waits for, too, but not whether it will be tried.
void CaKeeper::take_or_wait(RotationStep step) {
  Result<std::vector<Lineage>> lineages = parts_.ledger.lineages();
  if (!lineages) return say(lineages.error().text(), 0);
  WallTime now = parts_.scheduler.wall();
  RotationPlan plan = parts_.rotator.plan(live_sidecars(parts_.registry.rows(), *lineages, now),
                                          other_control_planes(parts_.registry.replicas(), now));
  std::vector<Laggard> late = plan.laggards(step);
  outlook_.alarm = parts_.schedule.alarm(parts_.rotator.state(), *outlook_.next, now);
  if (!late.empty()) return say(waiting_text(step, late), late.size());
  if (!parts_.leadership.leads()) return alarm(RotationSchedule::Alarm::kNone, refused_);
  std::string old = parts_.old_store ? parts_.old_store() : std::string();
  if (!old.empty()) return say(std::move(old), 0);
  if (!retry_.may_try(step, parts_.rotator.state(), parts_.scheduler.now())) return say(failure_, 0);
  take(step, plan);
}

void CaKeeper::take(RotationStep step, const RotationPlan& plan) {
  parts_.rotator.step(step, plan, {}, {"", "schedule", ""}, StepBy::kSchedule,
                      [this, step](const Result<void>& taken) { on_taken(step, taken); });
}

void CaKeeper::on_taken(RotationStep step, const Result<void>& taken) {
  if (!taken) {
    retry_.on_failed(step, parts_.rotator.state(), parts_.scheduler.now());
    failure_ = taken.error().text();
    return say(failure_, 0);
  }
  retry_.reset();
  alarm(RotationSchedule::Alarm::kNone, refused_);
}

void CaKeeper::alarm(RotationSchedule::Alarm alarm, std::string problem) {
  outlook_.alarm = alarm;
  say(std::move(problem), 0);
}

void CaKeeper::say(std::string problem, size_t waits_for) {
  outlook_.problem = std::move(problem);
  outlook_.waits_for = waits_for;
  if (outlook_.alarm == RotationSchedule::Alarm::kNone || outlook_.problem.empty()) return;
  bool is_new = outlook_.problem != said_;
  if (!is_new && parts_.scheduler.now() < say_again_) return;
  said_ = outlook_.problem;
  say_again_ = parts_.scheduler.now() + kSayAgain;
  bool is_error = outlook_.alarm == RotationSchedule::Alarm::kError;
  parts_.log.log(is_error ? LogLevel::kError : LogLevel::kWarn, "the CA needs attention",
                 {{"problem", said_}, {"ends", format_time(RotationSchedule::ends(parts_.rotator.state()))}});
}

// Nothing is due: is anything missing?
void CaKeeper::look_at_end() {
  const CaState& state = parts_.rotator.state();
  if (std::string missing = missing_key(state); !missing.empty()) {
    bool is_urgent = !state.signer->has_key();
    return alarm(is_urgent ? RotationSchedule::Alarm::kError : RotationSchedule::Alarm::kWarn, std::move(missing));
  }
  if (!outlook_.is_given || outlook_.next) return alarm(RotationSchedule::Alarm::kNone, refused_);
  warn_of_end();
}

// A given authority is renewed by nobody but its owner.
void CaKeeper::warn_of_end() {
  const CertificateAuthority& signer = *parts_.rotator.state().signer;
  Duration left = signer.not_after() - parts_.scheduler.wall();
  Duration life = signer.not_after() - signer.not_before();
  if (left > life / 3) return alarm(RotationSchedule::Alarm::kNone, refused_);
  std::string problem = str_cat("the authority that the files give ends at ", format_time(signer.not_after()),
                                ": replace the files by a newer one");
  if (!refused_.empty()) problem += str_cat("; those that are there are refused: ", refused_);
  alarm(left > life / 10 ? RotationSchedule::Alarm::kWarn : RotationSchedule::Alarm::kError, std::move(problem));
}
}  // namespace heddle
