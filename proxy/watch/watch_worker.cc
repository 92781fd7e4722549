#include "proxy/watch/watch_worker.h"

#include <mutex>
#include <utility>

#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxFile = kMaxSnapshotBytes + (8 << 20);  // and the keys and frames around the resources

Result<void> make_directory_of(const std::string& file) {
  size_t slash = file.rfind('/');
  return slash == std::string::npos || slash == 0 ? Result<void>() : ensure_private_dir(file.substr(0, slash));
}

Result<void> store_last_good(const std::string& file, const BatchApplier& applier,
                             const std::vector<ResourceKey>& wants) {
  if (file.empty() || applier.current() == nullptr) return {};
  HEDDLE_CHECK_OK(make_directory_of(file));
  return atomic_write(file, applier.last_good_text(wants), kPrivateFile);
}
}  // namespace

// The mutex orders pool threads among themselves; no loop ever takes it.
struct OffloadWatchWorker::Shared {
  std::mutex mutex;
  BatchApplier applier;
};

OffloadWatchWorker::OffloadWatchWorker(Loop& loop, std::string file)
    : offload_(loop), file_(std::move(file)), shared_(std::make_shared<Shared>()) {}

Pending OffloadWatchWorker::apply(WatchBatch batch, OnApplied done) {
  return offload_.compute(
      [shared = shared_, batch = std::move(batch)] {
        std::lock_guard lock(shared->mutex);
        return shared->applier.apply(batch);
      },
      std::move(done));
}

Pending OffloadWatchWorker::restore(OnRestored done) {
  return offload_.compute(
      [shared = shared_, file = file_]() -> Result<LastGood> {
        if (file.empty()) return make_error(Reason::kNotFound, "nothing is kept");
        HEDDLE_TRY(std::string text, read_file(file, kMaxFile));
        std::lock_guard lock(shared->mutex);
        auto restored = shared->applier.restore(text);
        if (!restored) return std::move(restored).error().within(file);
        return restored;
      },
      std::move(done));
}

Pending OffloadWatchWorker::store(std::vector<ResourceKey> wants, OnStored done) {
  return offload_.compute(
      [shared = shared_, file = file_, wants = std::move(wants)]() -> Result<void> {
        std::lock_guard lock(shared->mutex);
        Result<void> stored = store_last_good(file, shared->applier, wants);
        shared->applier.tidy();
        return stored;
      },
      std::move(done));
}
}  // namespace heddle
