// FilesConfig: resources from one file or a directory (lib/config/files.h). Looks every second at names, times and
// sizes, and at the content when those changed, all on the offload pool; publishes a set that is good as a whole. A bad
// set is refused with every problem in the log and the status, and the old one stays. Belongs to the main loop.
#pragma once
#include "lib/base/log.h"
#include "lib/event/offload.h"
#include "lib/snapshot/snapshot_builder.h"
#include "proxy/watch/config_source.h"

namespace heddle {
// The reading and building half: blocking, one thread at a time.
class FilesLoader {
 public:
  struct Loaded {
    bool changed = false;                      // false: nothing new, the rest is empty
    std::shared_ptr<const Snapshot> snapshot;  // nullptr: refused
    std::vector<std::string> problems;
  };
  enum class Look : uint8_t { kIfTouched, kAlways };
  explicit FilesLoader(std::string path) : path_(std::move(path)) {}
  Loaded look(Look);

 private:
  Loaded load(size_t& bytes);  // how much there was to read
  std::string path_;
  std::string fingerprint_;
  std::optional<ContentHash> seen_;  // of the last set that could be read, good or refused
  uint64_t sequence_ = 0;
  SnapshotBuilder builder_{ModelScope::kWhole};
};

class FilesConfig final : public ConfigSource {
 public:
  static constexpr Duration kPoll = 1s;
  FilesConfig(Loop&, Logger, std::string path);
  void start() override { look(FilesLoader::Look::kAlways); }
  void reload() override { look(FilesLoader::Look::kAlways); }
  Latest<Snapshot>& snapshots() noexcept override { return snapshots_; }
  ConfigStatus status() const override;
  ConfigCounts counts() const noexcept override { return counts_; }

 private:
  void look(FilesLoader::Look);
  void on_looked(FilesLoader::Loaded);
  Logger log_;
  const std::string path_;
  Offload offload_;
  Latest<Snapshot> snapshots_;
  std::shared_ptr<FilesLoader> loader_;  // the pool's while working_
  std::unique_ptr<Timer> poll_;
  Pending work_;
  bool working_ = false;
  bool again_ = false;
  std::vector<std::string> problems_;
  ConfigCounts counts_;
};
}  // namespace heddle
