// AheadStreams: sidecars that came with a newer version of our epoch than this control plane knows, from another one
// that is ahead. An older batch would take them back, so they get none until the store has reached what they hold: a
// moment where it only lags the other's watch. A store that turns out to be current without it, after kCatchUp, was
// restored: then they are served what there is. One that may be old sends them on, once, after 10 to 30 s, and serves
// them heartbeats meanwhile. Pure: time is a parameter. Owned by the WatchHub; control loop. One entry for a stream.
#pragma once
#include <map>
#include <optional>

#include "control/store/journal_health.h"
#include "lib/api/watch_messages.h"
#include "lib/base/random.h"

namespace heddle {
class AheadStreams {
 public:
  static constexpr Duration kLook = 500ms;
  // As long as a look of the store at etcd may take: one that ended so long after the sidecar came began after it.
  static constexpr Duration kCatchUp = 5s;
  static constexpr Duration kLeaveFrom = 10s;
  static constexpr Duration kLeaveTo = 30s;
  enum class Verdict : uint8_t {
    kWait,
    kServe,  // with what the store has
    kLeave,  // asked once; it waits on
  };

  // Whether `held` is of the store's epoch and newer.
  static bool is_ahead(const Version& held, const Version& newest) {
    return held.epoch == newest.epoch && held > newest;
  }
  bool empty() const noexcept { return entries_.empty(); }
  void begin(uint64_t id, const WatchHello&, MonoTime now, WallTime wall, Random&);
  void end(uint64_t id) { entries_.erase(id); }

  // Everybody for whom something is to be done now. Who is served has ended. `health`: nothing where the store is
  // always current.
  struct Due {
    uint64_t id;
    Verdict verdict;
    WatchHello hello;  // its version and hash
  };
  std::vector<Due> take(const Version& newest, const std::optional<JournalHealth>& health, MonoTime now);

 private:
  struct Entry {
    WatchHello hello;
    WallTime came;
    MonoTime leaves;
    bool was_asked = false;
  };
  static Verdict judge(const Entry&, const Version& newest, const std::optional<JournalHealth>&, MonoTime now);
  std::map<uint64_t, Entry> entries_;  // by the subscriber's id
};
}  // namespace heddle
