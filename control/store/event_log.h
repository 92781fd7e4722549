// EventLog: the newest transactions of the store, in memory, each with what it changed and the whole view after it
// (views share structure, so this is cheap). Bounded by count and by the bytes it keeps alive; what is older is
// compacted: who asks for it needs a full view. Lives on the store's loop.
#pragma once
#include <deque>
#include <optional>
#include <vector>

#include "control/store/view.h"
#include "lib/base/clock.h"

namespace heddle {
struct Change {
  ResourceKey key;
  StoredResource::Ptr before;  // nullptr: created
  StoredResource::Ptr now;     // nullptr: erased
};

// Who made a version, when and why.
struct ChangeNote {
  std::string author;   // name of the token; empty: nobody said
  std::string message;  // in the author's words; may be empty
  WallTime time;
  bool operator==(const ChangeNote&) const = default;
};

struct Event {
  Version version;
  ChangeNote note;
  std::vector<Change> changes;
  View after;
};

enum class LogState : uint8_t {
  kComplete,   // all events after the version follow
  kCompacted,  // some are gone
  kUnknown,    // the version is of another epoch or was never reached
};

struct EventRange {
  LogState state = LogState::kUnknown;
  std::vector<const Event*> events;  // oldest first; valid until the log changes
};

class EventLog {
 public:
  struct Limits {
    size_t events = 10'000;
    size_t bytes = 32 << 20;  // of replaced and erased resources
  };
  EventLog(View base, Limits limits) : limits_(limits), base_(std::move(base)) {}
  // Its version is the next sequence of the same epoch.
  void append(Event);
  // Forgets events up to and including `version`.
  void compact(Version version);

  EventRange events_after(Version version, size_t max) const;
  // What the store held at `version`; nothing when it is compacted or unknown.
  std::optional<View> view_at(Version version) const;
  // The event that made `version`; nullptr: it is compacted or unknown.
  const Event* find(Version version) const;
  // Oldest first; valid until the log changes.
  const std::deque<Event>& events() const noexcept { return events_; }
  const View& newest() const noexcept { return events_.empty() ? base_ : events_.back().after; }
  const View& oldest() const noexcept { return base_; }

 private:
  LogState state_of(Version version) const;
  void drop_oldest();
  Limits limits_;
  View base_;  // before the first event
  std::deque<Event> events_;
  size_t bytes_ = 0;
};
}  // namespace heddle
