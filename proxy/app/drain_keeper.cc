#include "proxy/app/drain_keeper.h"

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
      look_timer_(parts_.loop.timer([this] { look(); })),
      deadline_(parts_.loop.timer([this] {
        log_.warn("drain deadline passed: closing what is left", {});
        parts_.stop();
      })),
      callers_deadline_(parts_.loop.timer([this] { on_callers_gone(); })),
      early_deadline_(parts_.loop.timer([this] { on_not_leaving(); })),
      metrics_(parts_.metrics, [this] { return waited_seconds(); }) {}

double DrainKeeper::waited_seconds() const {
  Duration waited = outcome_ ? outcome_->waited : leaving_ ? leaving_->waited(parts_.loop.now()) : Duration{};
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
  leaving_.emplace(parts_.loop.now(), within, std::min(within, parts_.settings.drain_accept));
  parts_.on_begin();
  tell_control();
  look_timer_->arm(Duration{});
}

void DrainKeeper::tell_control() {
  WatchClient* watch = parts_.watch();
  if (watch == nullptr || parts_.workers.empty()) return;
  WatchDraining said;
  said.addresses = leave_addresses({parts_.settings, parts_.workers.front()->addresses(), own_addresses()});
  if (said.addresses.empty()) return leaving_->on_release({ReleaseState::kAcknowledged});  // nobody calls it
  said.within = leaving_->within();
  watch->leave(std::move(said), [this](const WatchRelease& release) {
    leaving_->on_release(release);
    metrics_.waits_for.set(static_cast<int64_t>(leaving_->missing()));
    look_timer_->arm(Duration{});
  });
}

void DrainKeeper::look() {
  if (state_ != State::kWaiting) return;
  WatchClient* watch = parts_.watch();
  auto outcome =
      leaving_->look(parts_.loop.now(), watch != nullptr, watch == nullptr ? std::nullopt : watch->leave_asked_at());
  if (!outcome) return look_timer_->arm(kLookEvery);
  enter(State::kInboundDrained);
  left_ = outcome;
  callers_at_ = parts_.workers.size();
  for (const auto& worker : parts_.workers) {
    worker->drain_inbound(parts_.loop, {parts_.settings.drain, parts_.settings.drain_accept}, [this] {
      if (--callers_at_ == 0) on_callers_gone();
    });
  }
  callers_deadline_->arm(parts_.settings.drain);
}

void DrainKeeper::on_callers_gone() {
  callers_deadline_->cancel();
  if (!outcome_) finish(*left_);
}

// Kubernetes ends all containers of a pod at once, and asks their hooks in any order.
void DrainKeeper::await_left(OnLeft on_left) {
  if (outcome_) return on_left(*outcome_);
  waiting_.push_back(std::move(on_left));
  if (state_ == State::kServing) early_deadline_->arm(kBegins);
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
  bool was_waiting = state_ == State::kWaiting;
  enter(State::kDraining);
  log_.info("draining", {{"deadline", parts_.settings.drain}, {"accepting", parts_.settings.drain_accept}});
  if (!has_left) parts_.on_begin();
  if (left_ && !outcome_) finish(*left_);
  if (was_waiting) finish({LeaveEnd::kEnded, 0, 0, false, false, leaving_->waited(parts_.loop.now())});
  deadline_->arm(parts_.settings.drain);
  drain_workers(has_left);
}

void DrainKeeper::drain_workers(bool serves_application) {
  draining_workers_ = parts_.workers.size();
  for (const auto& worker : parts_.workers) {
    worker->drain(parts_.loop, {parts_.settings.drain, parts_.settings.drain_accept, serves_application}, [this] {
      if (--draining_workers_ == 0) parts_.stop();
    });
  }
}

std::string DrainKeeper::text() const {
  if (state_ == State::kWaiting) return str_cat("draining: ", leaving_->text());
  if (state_ == State::kInboundDrained && outcome_) return str_cat("draining: ", outcome_->text());
  return "draining";
}
}  // namespace heddle
