#include "proxy/telemetry/log_writer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/assert.h"
#include "proxy/telemetry/log_format.h"

namespace heddle {
namespace {
constexpr int kLooksUntilIdle = 10;  // a second without records
}

LogWriter::LogWriter(std::unique_ptr<FdWriter> out)
    : out_(std::move(out)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread_([this] { run(); }) {
  HEDDLE_CHECK(wake_);
}

LogWriter::~LogWriter() {
  is_stopping_.store(true, std::memory_order_release);
  out_->hurry();
  uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
  thread_.join();
}

AccessRing& LogWriter::add_ring(size_t records) {
  auto ring = std::make_unique<AccessRing>(records, wake_.get());
  std::lock_guard lock(mutex_);
  return *rings_.emplace_back(std::move(ring));
}

void LogWriter::reopen() noexcept { out_->ask_reopen(); }

uint64_t LogWriter::dropped() const {
  uint64_t total = failed_.load(std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  for (const auto& ring : rings_) total += ring->dropped();
  return total;
}

void LogWriter::run() {
  int looks_without_record = 0;
  while (!is_stopping_.load(std::memory_order_acquire)) {
    looks_without_record = drain_all() == 0 ? looks_without_record + 1 : 0;
    wait(looks_without_record < kLooksUntilIdle ? kPeriod : kIdlePeriod);
  }
  drain_all();
}

size_t LogWriter::drain_all() {
  std::vector<AccessRing*> rings;
  {
    std::lock_guard lock(mutex_);
    for (const auto& ring : rings_) rings.push_back(ring.get());
  }
  size_t records = 0;
  for (AccessRing* ring : rings) {
    records += ring->drain([this](const AccessRecord& record) {
      append_json_line(batch_, record);
      ++batch_records_;
      if (batch_.size() >= kBatchBytes) write_batch();
    });
  }
  if (batch_records_ != 0) write_batch();
  return records;
}

void LogWriter::write_batch() {
  auto& counter = out_->write(batch_) ? written_ : failed_;
  counter.fetch_add(batch_records_, std::memory_order_relaxed);
  batch_.clear();
  batch_records_ = 0;
}

void LogWriter::wait(Duration duration) noexcept {
  pollfd waiting{wake_.get(), POLLIN, 0};
  ::poll(&waiting, 1, static_cast<int>(duration / std::chrono::milliseconds(1)));
  uint64_t wakes = 0;
  (void)!::read(wake_.get(), &wakes, sizeof(wakes));
}
}  // namespace heddle
