#include "proxy/resilience/concurrency_limit.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "lib/base/assert.h"

namespace heddle {
namespace {
constexpr double kFaster = 0.3;       // of the way to a median that is shorter than base
constexpr double kSlower = 0.1;       // of the way to one that is longer
constexpr double kLargestCut = 0.5;   // what a window leaves of the limit at least
constexpr double kPriorAnswers = 16;  // what base is worth beside the answers of a measurement
constexpr Duration kPatience = 1s;    // of a measurement, at least; and four times an answer
constexpr Duration kMostPatience = ConcurrencyLimit::kRemeasure / 4;

uint32_t part(uint32_t limit, uint32_t workers) noexcept { return limit / workers + (limit % workers == 0 ? 0 : 1); }
double count(Duration d) noexcept { return static_cast<double>(d.count()); }
}  // namespace

ConcurrencyRange ConcurrencyRange::share(uint32_t workers) const noexcept {
  workers = std::max(workers, 1U);
  return {part(min, workers), part(max, workers), part(start, workers)};
}

ConcurrencyLimit::ConcurrencyLimit(ConcurrencyRange range, Duration phase)
    : range_(range), phase_(phase), limit_(std::clamp(range.start, range.min, range.max)) {}

void ConcurrencyLimit::set_range(ConcurrencyRange range) noexcept {
  range_ = range;
  limit_ = std::clamp(limit_, static_cast<double>(range.min), static_cast<double>(range.max));
  measure_limit_ = std::clamp(measure_limit_, range.min, range.max);
}

uint32_t ConcurrencyLimit::whole_limit() const noexcept {
  return mode_ == Mode::kNormal ? std::max(static_cast<uint32_t>(limit_), 1U) : measure_limit_;
}

uint32_t ConcurrencyLimit::limit(MonoTime now) noexcept {
  pass_time(now);
  return whole_limit();
}

ConcurrencyLimit::Ticket ConcurrencyLimit::begin(MonoTime now) noexcept {
  ++in_flight_;
  if (in_flight_ > limit_ / 2) is_busy_ = true;
  return {now, window_};
}

// An error that comes at once says nothing about the work, and would make base too short; what took longer than usual
// before it was given up would have taken longer still.
bool ConcurrencyLimit::tells(Ending ending, Duration took) const noexcept {
  if (ending == Ending::kFailed) return base_ != Duration{} && count(took) > kTolerance * count(base_);
  return ending == Ending::kAnswered;
}

void ConcurrencyLimit::end(const Ticket& ticket, Ending ending, MonoTime now) noexcept {
  HEDDLE_ASSERT(in_flight_ > 0);
  --in_flight_;
  pass_time(now);
  Duration took = std::max(now - ticket.since, kShortest);
  if (ticket.window == window_ && tells(ending, took)) take(took, now);
}

void ConcurrencyLimit::take(Duration took, MonoTime now) noexcept {
  samples_[taken_++ % kMostSamples] = took;
  if (mode_ == Mode::kMeasuring && taken_ >= kRemeasureAnswers) return end_measuring(now);
  bool is_whole = taken_ >= kWindowAnswers && now - window_began_ >= std::max(kWindow, 2 * base_);
  if (mode_ == Mode::kNormal && is_whole) judge_window(now);
}

void ConcurrencyLimit::begin_window(MonoTime now) noexcept {
  ++window_;
  window_began_ = now;
  taken_ = 0;
  was_refused_ = false;
  is_busy_ = in_flight_ > limit_ / 2;
}

// Of what is in samples_; their order is lost.
Duration ConcurrencyLimit::median() noexcept {
  auto all = std::span(samples_).first(std::min(taken_, kMostSamples));
  auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

void ConcurrencyLimit::move_base(Duration to, double weight) noexcept {
  if (base_ == Duration{}) weight = 1;
  base_ = Duration(static_cast<int64_t>(count(base_) + weight * (count(to) - count(base_))));
}

void ConcurrencyLimit::judge_window(MonoTime now) noexcept {
  Duration now_takes = median();
  if (!is_busy_) {
    move_base(now_takes, now_takes < base_ ? kFaster : kSlower);
    known_slot_ = slot_of(now);
    return begin_window(now);
  }
  bool is_unknown = base_ == Duration{};
  if (!is_unknown) adjust(now_takes);
  bool is_due = is_unknown ? was_refused_ : slot_of(now) != known_slot_;
  if (!is_due) return begin_window(now);
  patience_ = std::min(std::max(kPatience, 4 * (is_unknown ? now_takes : base_)), kMostPatience);
  begin_measuring(is_unknown ? kFirstMeasureLimit : static_cast<uint32_t>(limit_ / 4), now);
}

void ConcurrencyLimit::adjust(Duration now_takes) noexcept {
  if (now_takes < base_) move_base(now_takes, kSlower);
  double keep = std::clamp(kTolerance * count(base_) / count(now_takes), kLargestCut, 1.0);
  limit_ =
      std::clamp(limit_ * keep + std::sqrt(limit_), static_cast<double>(range_.min), static_cast<double>(range_.max));
}

void ConcurrencyLimit::begin_measuring(uint32_t limit, MonoTime now) noexcept {
  mode_ = Mode::kEmptying;
  measure_limit_ = std::clamp(limit, range_.min, range_.max);
  known_slot_ = slot_of(now);
  begin_window(now);
  pass_time(now);
}

// First the queue goes, then answers are measured. Neither waits for ever: an application that does not answer any more
// has no other base than before.
void ConcurrencyLimit::pass_time(MonoTime now) noexcept {
  if (mode_ == Mode::kNormal) return;
  bool is_over = now - window_began_ >= patience_;
  if (mode_ == Mode::kMeasuring) {
    if (is_over) end_measuring(now);
    return;
  }
  if (!is_over && in_flight_ > measure_limit_) return;
  mode_ = Mode::kMeasuring;
  begin_window(now);
}

void ConcurrencyLimit::end_measuring(MonoTime now) noexcept {
  auto answers = static_cast<double>(std::min(taken_, kMostSamples));
  if (taken_ >= kFewestAnswers) move_base(median(), answers / (answers + kPriorAnswers));
  mode_ = Mode::kNormal;
  begin_window(now);
}
}  // namespace heddle
