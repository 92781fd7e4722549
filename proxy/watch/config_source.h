// ConfigSource: where this sidecar's view of the mesh comes from: files or the control plane. Publishes whole, checked
// snapshots; what is refused changes nothing. Belongs to the main loop; snapshots() may be subscribed to from any loop.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/event/latest.h"
#include "lib/snapshot/snapshot.h"

namespace heddle {
enum class WatchState : uint8_t { kIdle, kConnecting, kSyncing, kLive, kBackoff };
std::string_view to_text(WatchState) noexcept;

struct ConfigStatus {
  std::string source;              // "files", "control"
  std::optional<Version> version;  // what was published last
  std::string hash;                // its content hash in hex
  bool from_disk = false;          // it is the last good one of an earlier run
  // Everything wrong with what was offered last, "resource: path: message"; empty when it was taken.
  std::vector<std::string> problems;
  std::optional<Version> refused;  // the version with these problems
  std::string last_error;          // of reading or of the connection

  // Of the control plane only.
  WatchState state = WatchState::kIdle;
  std::string control;            // address of the replica spoken to
  std::optional<Version> newest;  // what it says is the newest
  Duration lag{};                 // how long what we run may have been out of date; zero: current
  std::optional<WallTime> heard;  // its clock in the last heartbeat
  size_t wants = 0;
};

// What came since the start; only grows. For metrics.
struct ConfigCounts {
  uint64_t refused = 0;    // versions of the control plane, contents of files
  uint64_t snapshots = 0;  // batches with everything: the first one, and every full resync
  uint64_t deltas = 0;     // batches with a change, on a stream that was current
  uint64_t resumes = 0;    // batches with what changed between two streams
};

class ConfigSource {
 public:
  virtual ~ConfigSource() = default;
  virtual void start() = 0;   // once
  virtual void reload() = 0;  // SIGHUP: files: look again now; control: connect now instead of waiting
  virtual Latest<Snapshot>& snapshots() noexcept = 0;
  // On the main loop.
  virtual ConfigStatus status() const = 0;
  virtual ConfigCounts counts() const noexcept = 0;
};
}  // namespace heddle
