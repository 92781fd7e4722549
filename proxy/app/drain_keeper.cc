#include "proxy/app/drain_keeper.h"

#include <algorithm>

#include <utility>

#include "lib/base/strings.h"
#include "proxy/app/leave_addresses.h"

namespace heddle {
namespace {
constexpr Duration kLookEvery = 100ms;
constexpr const char* kPodIps = "HEDDLE_POD_IPS";

std::vector<Address> own_addresses() {
  const char* said = std::getenv(kPodIps);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  std::vector<Address> out = parse_ips(said == nullptr ? "" : said);
  return out.empty() ? interface_addresses() : out;
}
}  // namespace

DrainKeeper::DrainKeeper(Parts parts)
    : parts_(std::move(parts)),
      log_(parts_.log.module("drain")),
      look_timer_(parts_.scheduler.timer([this] { look(); })),
      deadline_(parts_.scheduler.timer([this] {
        log_.warn("drain deadline passed: closing what is left", {});
        parts_.stop();
      })),
      callers_deadline_(parts_.scheduler.timer([this] { on_callers_gone(); })),
      early_deadline_(parts_.scheduler.timer([this] { on_not_leaving(); })),
      metrics_(parts_.metrics, [this] { return waited_seconds(); }) {}

double DrainKeeper::waited_seconds() const {
  Duration waited = outcome_ ? outcome_->waited : leaving_ ? leaving_->waited(parts_.scheduler.now()) : Duration{};
  return std::chrono::duration<double>(waited).count();
}

void DrainKeeper::enter(State state) {
  state_ = state;
  metrics_.state.set(static_cast<int64_t>(state));
}

void DrainKeeper::leave(Duration within, OnLeft on_left) {
  if (outcome_) return on_left(*outcome_);
  waiting_.push_back(std::move(on_left));
  if (state_ == State::kDraining) return finish({LeaveEnd::kEnded});
  if (state_ != State::kServing) return;
  enter(State::kWaiting);
  log_.info("leaving", {{"within", within}});
  leaving_.emplace(parts_.scheduler.now(), within, std::min(within, parts_.settings.drain_accept));
  parts_.on_begin();
  tell_control();
  look_timer_->arm(Duration{});
}

void DrainKeeper::tell_control() {
  WatchClient* watch = parts_.watch();
  if (watch == nullptr || parts_.targets.size() == 0) return;
  WatchDraining said;
  std::vector<Address> listeners = parts_.targets.addresses();
  said.addresses = leave_addresses({parts_.settings, listeners, own_addresses()});
  if (said.addresses.empty()) return leaving_->on_release({ReleaseState::kAcknowledged});  // nobody calls it
  said.within = leaving_->within();
  watch->leave(std::move(said), [this](const WatchRelease& release) {
    if (state_ != State::kWaiting) return;  // too late: it is not waited for any more
    leaving_->on_release(release);
    metrics_.waits_for.set(static_cast<int64_t>(leaving_->missing()));
    look_timer_->arm(Duration{});
  });
}

void DrainKeeper::look() {
  if (state_ != State::kWaiting) return;
  WatchClient* watch = parts_.watch();
  auto outcome = leaving_->look(parts_.scheduler.now(), watch != nullptr,
                                watch == nullptr ? std::nullopt : watch->leave_asked_at());
  if (!outcome) return look_timer_->arm(kLookEvery);
  enter(State::kInboundDrained);
  left_ = outcome;
  callers_at_ = parts_.targets.size();
  parts_.targets.drain_inbound({parts_.settings.drain, parts_.settings.drain_accept}, [this] {
    if (--callers_at_ == 0) on_callers_gone();
  });
  // Who waits for us said how long in all.
  Duration left = leaving_->within() - leaving_->waited(parts_.scheduler.now());
  callers_deadline_->arm(std::clamp(left, Duration{}, parts_.settings.drain));
}

void DrainKeeper::on_callers_gone() {
  callers_deadline_->cancel();
  if (!outcome_) finish(*left_);
}

// Kubernetes ends all containers of a pod at once, and asks their hooks in any order.
void DrainKeeper::await_left(OnLeft on_left) {
  if (outcome_) return on_left(*outcome_);
  if (waiting_.size() >= kMostWaiting) return on_left({LeaveEnd::kNotLeaving});
  bool is_first = waiting_.empty();
  waiting_.push_back(std::move(on_left));
  if (state_ == State::kDraining) return finish({LeaveEnd::kEnded});
  // Of the first one alone: who asks again and again keeps nobody waiting.
  if (state_ == State::kServing && is_first) early_deadline_->arm(kBegins);
}

void DrainKeeper::on_not_leaving() {
  if (state_ != State::kServing) return;
  for (OnLeft& on_left : std::exchange(waiting_, {})) on_left({LeaveEnd::kNotLeaving});
}

void DrainKeeper::finish(const LeaveOutcome& outcome) {
  outcome_ = outcome;
  metrics_.waits_for.set(0);
  log_.info("left", {{"result", outcome.text()}});
  for (OnLeft& on_left : std::exchange(waiting_, {})) on_left(outcome);
}

void DrainKeeper::drain() {
  if (state_ == State::kDraining) return;
  bool has_left = state_ != State::kServing;
  enter(State::kDraining);
  log_.info("draining", {{"deadline", parts_.settings.drain}, {"accepting", parts_.settings.drain_accept}});
  if (!has_left) parts_.on_begin();
  end_wait();
  deadline_->arm(parts_.settings.drain);
  drain_targets(has_left);
}

// Also of those who asked before anybody said leave().
void DrainKeeper::end_wait() {
  if (outcome_ || (!leaving_ && waiting_.empty())) return;
  LeaveOutcome ended{LeaveEnd::kEnded};
  if (leaving_) ended.waited = leaving_->waited(parts_.scheduler.now());
  finish(left_.value_or(ended));
}

void DrainKeeper::drain_targets(bool serves_application) {
  draining_targets_ = parts_.targets.size();
  parts_.targets.drain({parts_.settings.drain, parts_.settings.drain_accept, serves_application}, [this] {
    if (--draining_targets_ == 0) parts_.stop();
  });
}

std::string DrainKeeper::text() const {
  if (state_ == State::kWaiting) return str_cat("draining: ", leaving_->text());
  if (state_ == State::kInboundDrained && outcome_) return str_cat("draining: ", outcome_->text());
  return "draining";
}
}  // namespace heddle
