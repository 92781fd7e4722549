// LogWriter: one thread that takes the access records of all workers from their rings, formats them and writes them in
// batches. Made and destroyed on the main loop; it outlives the workers. Nothing it does can hold up a worker: a reader
// that is too slow fills the rings, and what does not fit is dropped and counted there.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/fd_writer.h"
#include "lib/base/unique_fd.h"
#include "proxy/telemetry/access_ring.h"

namespace heddle {
class LogWriter {
 public:
  static constexpr size_t kRingRecords = 2048;      // per worker: 1 MiB
  static constexpr size_t kBatchBytes = 64 * 1024;  // one write per batch
  static constexpr Duration kPeriod = 100ms;        // between two looks at the rings, while there is something
  static constexpr Duration kIdlePeriod = 500ms;    // when the last looks found nothing

  explicit LogWriter(std::unique_ptr<FdWriter>);
  // Writes what is in the rings (the workers must have stopped), then ends; a stuck reader holds it up for a second.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // One per worker; lives as long as the writer.
  AccessRing& add_ring(size_t records = kRingRecords);
  // The file is opened again before the next line.
  void reopen() noexcept;
  uint64_t dropped() const;  // records lost: rings that were full, writes that failed
  uint64_t written() const noexcept { return written_.load(std::memory_order_relaxed); }

 private:
  void run();
  size_t drain_all();
  void write_batch();
  void wait(Duration) noexcept;
  std::unique_ptr<FdWriter> out_;
  UniqueFd wake_;             // eventfd: stop, or a ring is half full
  mutable std::mutex mutex_;  // guards rings_ (the vector, not the rings)
  std::vector<std::unique_ptr<AccessRing>> rings_;
  std::string batch_;         // the thread's
  size_t batch_records_ = 0;  // the thread's
  std::atomic<uint64_t> written_{0};
  std::atomic<uint64_t> failed_{0};
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;  // last: starts when everything else is there
};
}  // namespace heddle
