#include "proxy/identity/svid_rotator.h"

#include <utility>

namespace heddle {
SvidRotator::SvidRotator(Scheduler& scheduler, Random& random, SvidMaker& maker)
    : scheduler_(scheduler),
      random_(random),
      maker_(maker),
      lifecycle_(random),
      timer_(scheduler.timer([this] { look(); })) {}

void SvidRotator::start(const std::optional<SvidTimes>& in_use) {
  if (in_use) lifecycle_.on_live(*in_use, scheduler_.now());
  timer_->arm(Duration{});
}

void SvidRotator::retry_now() {
  lifecycle_.hurry();
  timer_->arm(Duration{});
}

void SvidRotator::renew_within(Duration longest) {
  Duration after(static_cast<int64_t>(static_cast<double>(longest.count()) * random_.unit()));
  lifecycle_.renew_at(scheduler_.now() + after);
  timer_->arm(lifecycle_.plan(now()).need == SvidNeed::kNothing ? lifecycle_.plan(now()).look_again : Duration{});
}

void SvidRotator::look() {
  SvidLifecycle::Plan plan = lifecycle_.plan(now());
  timer_->arm(plan.look_again);
  if (plan.need == SvidNeed::kNothing) return;
  lifecycle_.on_begun();
  try_ = maker_.make(plan.need, [this](Result<SvidTimes> made) { on_made(std::move(made)); });
}

void SvidRotator::on_made(Result<SvidTimes> made) {
  if (made) {
    if (lifecycle_.times()) count(rotations_, Reason::kNone);
    lifecycle_.on_live(*made, scheduler_.now());
    last_error_.clear();
  } else {
    count(rotations_, made.error().reason);
    lifecycle_.on_failed(now());
    last_error_ = made.error().text();
  }
  timer_->arm(lifecycle_.plan(now()).look_again);
}
}  // namespace heddle
