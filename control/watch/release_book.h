// ReleaseBook: who is leaving, and who may still send requests to whom. A leaver is released once what sidecars should
// hold names it no more (unlisted) and none of those that are alive holds, or was sent, content that names it: then
// everybody who used it acknowledged a version without it. Else at its deadline. Who disconnects counts no more, and
// counts again when it comes back with old content. Bounded: kMaxLeavers at a time. Pure: the owner says what it sees,
// time is a parameter. Owned by Releases; control loop.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "lib/api/watch_messages.h"

namespace heddle {
class ReleaseBook {
 public:
  static constexpr size_t kMaxLeavers = 256;
  using Id = uint64_t;  // of a stream: of who leaves, of who uses

  // Nobody is released by it. Again: another deadline, the rest as it was. False: too many leave.
  bool begin(Id leaver, MonoTime deadline);
  void end(Id leaver) { leavers_.erase(leaver); }
  bool has(Id leaver) const { return leavers_.contains(leaver); }
  bool empty() const noexcept { return leavers_.empty(); }

  // Whether what sidecars should hold names it. At first it counts as listed.
  void set_listed(Id leaver, bool);
  // Whether what that sidecar acknowledged or was sent names it.
  void set_user(Id leaver, Id sidecar, bool);
  // Sidecars of other control planes that may hold it; nothing: nobody knows, and it is not released.
  void set_elsewhere(Id leaver, std::optional<size_t> missing);
  // It uses nobody any more: its stream is gone.
  void forget(Id sidecar);

  // What is to be told now: to each leaver what changed since it was told last. Whoever is released has ended.
  struct Due {
    Id leaver;
    WatchRelease release;
  };
  std::vector<Due> take(MonoTime now);
  std::optional<MonoTime> next_deadline() const;

 private:
  struct Leaver {
    MonoTime deadline;
    bool is_listed = true;
    std::set<Id> used{};    // alive, and used it at some time while it left
    std::set<Id> using_{};  // of these, those that still do
    std::optional<size_t> elsewhere = 0;
    size_t most_elsewhere = 0;
    std::optional<WatchRelease> told{};
  };
  static WatchRelease judge(const Leaver&, MonoTime now);
  std::map<Id, Leaver> leavers_;
};
}  // namespace heddle
