#include "control/store/event_log.h"

namespace heddle {
namespace {
size_t replaced_bytes(const Event& event) {
  size_t sum = 0;
  for (const Change& change : event.changes) sum += change.before == nullptr ? 0 : change.before->line().size();
  return sum;
}
}  // namespace

void EventLog::append(Event event) {
  HEDDLE_CHECK(event.version.epoch == newest().version().epoch);
  HEDDLE_CHECK(event.version.sequence == newest().version().sequence + 1);
  bytes_ += replaced_bytes(event);
  events_.push_back(std::move(event));
  while (!events_.empty() && (events_.size() > limits_.events || bytes_ > limits_.bytes)) drop_oldest();
}

void EventLog::compact(Version version) {
  while (!events_.empty() && events_.front().version <= version) drop_oldest();
}

void EventLog::drop_oldest() {
  bytes_ -= replaced_bytes(events_.front());
  base_ = std::move(events_.front().after);
  events_.pop_front();
}

LogState EventLog::state_of(Version version) const {
  if (version.epoch != newest().version().epoch || version > newest().version()) return LogState::kUnknown;
  return version < base_.version() ? LogState::kCompacted : LogState::kComplete;
}

EventRange EventLog::events_after(Version version, size_t max) const {
  EventRange out{state_of(version), {}};
  if (out.state != LogState::kComplete) return out;
  size_t first = version.sequence - base_.version().sequence;
  for (size_t i = first; i < events_.size() && out.events.size() < max; ++i) out.events.push_back(&events_[i]);
  return out;
}

const Event* EventLog::find(Version version) const {
  if (state_of(version) != LogState::kComplete || version == base_.version()) return nullptr;
  return &events_[version.sequence - base_.version().sequence - 1];
}

std::optional<View> EventLog::view_at(Version version) const {
  if (state_of(version) != LogState::kComplete) return std::nullopt;
  if (version == base_.version()) return base_;
  return events_[version.sequence - base_.version().sequence - 1].after;
}
}  // namespace heddle
