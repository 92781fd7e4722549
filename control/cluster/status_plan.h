// StatusPlan: what of the wanted conditions is written next into the status of an object of the cluster, and when. What
// is wanted is compared with the object as the watch has it, so that our own writes, which the watch tells too, end in
// nothing to do. Newest wins: an object waits once, however often what is wanted of it changed meanwhile.
//  - At most a write each kEach for one object. That only the message of Programmed moves ("live on n of m") waits
//  until it
//    stood still for kEach, at the longest kMoving.
//  - After a write and after a conflict the watch's next object is waited for: what others wrote is never overwritten.
//  - What a server takes and does not keep, or somebody takes away again, is written ever more rarely: up to kRarely.
// Pure: time is a parameter. Owned by StatusWriter, control loop. Memory: what is wanted, for each object that has one.
#pragma once
#include <map>
#include <set>

#include "control/cluster/cluster_objects.h"
#include "control/cluster/object_status.h"
#include "lib/base/token_bucket.h"

namespace heddle {
class StatusPlan {
 public:
  static constexpr Duration kEach = 2s;
  static constexpr Duration kMoving = 10s;
  static constexpr Duration kAfterConflict = 200ms;
  static constexpr Duration kRarely = 5min;
  static constexpr double kPerSecond = 20;  // writes of all objects
  static constexpr size_t kAtOnce = 8;      // writes under way

  struct Write {
    ResourceKey key;
    JsonValue patch;  // a merge patch on condition of the resourceVersion: `status` alone, others' parts of it unharmed
  };
  enum class Outcome : uint8_t { kDone, kConflict, kRefused, kFailed };

  // The objects must outlive the plan.
  StatusPlan(const ClusterObjects& objects, MonoTime now) : objects_(objects), bucket_(kPerSecond, kPerSecond, now) {}
  // Of the object as it is in the objects now.
  void want(const ResourceKey&, std::vector<ObjectCondition>, MonoTime now);
  // The watch told of it: it may be another, or gone.
  void on_seen(const ResourceKey&);
  // All is compared anew: as when we begin to write, after somebody else did.
  void reopen();
  // Takes what is due; nothing: not now.
  std::optional<Write> next(MonoTime now, WallTime wall);
  // Of every write that next() gave. kRefused: not again before the object changes, or reopen().
  void on_written(const ResourceKey&, Outcome, MonoTime now);

  size_t waiting() const noexcept { return open_.size(); }

 private:
  struct Entry {
    std::vector<ObjectCondition> wanted;
    int64_t generation = 0;  // that was judged
    std::vector<ObjectCondition> told;
    int64_t told_generation = -1;
    bool is_told = false;  // and the server took it
    std::string tried_at;  // resourceVersion: of the last write, to be waited past
    std::optional<MonoTime> written;
    std::optional<MonoTime> changed;  // what is wanted, last
    std::optional<MonoTime> moving;   // since when it differs from what was told
    int repeats = 0;                  // writes in a row that said the same
    bool is_under_way = false;
  };
  bool is_due(const Entry&, const JsonValue& object, MonoTime now) const;
  static bool is_only_moving(const Entry&);
  static bool says_the_same(const Entry&);
  static void note_told(Entry&, bool is_written);
  void begin(Entry&, const JsonValue& object, MonoTime now);
  static std::optional<JsonValue> patch_of(const ResourceKey&, const Entry&, const JsonValue& object, WallTime);
  const JsonValue* seen(const ResourceKey&) const;

  const ClusterObjects& objects_;
  TokenBucket bucket_;
  std::map<ResourceKey, Entry> entries_;
  std::set<ResourceKey> open_;  // to be compared
  size_t under_way_ = 0;
};

// metadata.generation; 0: it has none.
int64_t generation_of(const JsonValue& object);
}  // namespace heddle
