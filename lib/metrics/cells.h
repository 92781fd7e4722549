// Counter, Gauge and Histogram: handles to cells of a Registry. Resolved once, when a component is built; an update is
// one relaxed load and store without lock or search. A cell is written by ONE thread (each worker asks for its own
// cells, the registry sums them); any thread may read. A default-made handle counts nothing. Destroying a handle folds
// its cell into the series, which stays until Registry::sweep() finds it unused.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "lib/base/clock.h"

namespace heddle {
namespace detail {
constexpr size_t kCacheLine = 64;
constexpr size_t kMaxBuckets = 20;

// Only the owner writes, so a read-modify-write needs no locked instruction.
template <class T>
void add_unshared(std::atomic<T>& cell, T n) noexcept {
  cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

struct ValueCell {
  std::atomic<int64_t> value{0};
  std::atomic<bool> is_released{false};  // release/acquire: the last value is visible with it
};

// A short duration writes to the first cache line alone.
struct HistogramCell {
  std::atomic<uint64_t> sum_ns{0};
  std::atomic<bool> is_released{false};
  std::span<const Duration> bounds;
  std::array<std::atomic<uint64_t>, kMaxBuckets + 1> counts{};  // not cumulative; the last one is above every bound
};

// Cells never share a cache line with another thread's.
struct alignas(kCacheLine) LoneValueCell : ValueCell {};
struct alignas(kCacheLine) LoneHistogramCell : HistogramCell {};

// Room for the cells that one thread writes together, side by side: the values of one in one cache line.
class alignas(2 * kCacheLine) CellBlock {
 public:
  static constexpr size_t kValues = 4;
  static constexpr size_t kHistograms = 2;
  // nullptr when there is no room any more.
  ValueCell* next_value() noexcept { return values_used_ < kValues ? &values_[values_used_++] : nullptr; }
  HistogramCell* next_histogram() noexcept {
    return histograms_used_ < kHistograms ? &histograms_[histograms_used_++] : nullptr;
  }

 private:
  std::array<ValueCell, kValues> values_;
  std::array<LoneHistogramCell, kHistograms> histograms_;
  uint8_t values_used_ = 0;
  uint8_t histograms_used_ = 0;
};

template <class Cell>
class CellHandle {
 public:
  CellHandle() = default;
  explicit CellHandle(std::shared_ptr<Cell> cell) : cell_(std::move(cell)) {}
  CellHandle(CellHandle&&) noexcept = default;
  CellHandle& operator=(CellHandle&& other) noexcept {
    if (this == &other) return *this;
    release();
    cell_ = std::move(other.cell_);
    return *this;
  }
  ~CellHandle() { release(); }

 protected:
  std::shared_ptr<Cell> cell_;

 private:
  void release() noexcept {
    if (cell_ != nullptr) cell_->is_released.store(true, std::memory_order_release);
    cell_.reset();
  }
};
}  // namespace detail

class Counter : public detail::CellHandle<detail::ValueCell> {
 public:
  using CellHandle::CellHandle;
  void add(uint64_t n = 1) noexcept {
    if (cell_ != nullptr) detail::add_unshared(cell_->value, static_cast<int64_t>(n));
  }
  uint64_t value() const noexcept {  // of this cell alone
    return cell_ == nullptr ? 0 : static_cast<uint64_t>(cell_->value.load(std::memory_order_relaxed));
  }
};

class Gauge : public detail::CellHandle<detail::ValueCell> {
 public:
  using CellHandle::CellHandle;
  void set(int64_t v) noexcept {
    if (cell_ != nullptr) cell_->value.store(v, std::memory_order_relaxed);
  }
  void add(int64_t n = 1) noexcept {
    if (cell_ != nullptr) detail::add_unshared(cell_->value, n);
  }
  void sub(int64_t n = 1) noexcept { add(-n); }
  int64_t value() const noexcept { return cell_ == nullptr ? 0 : cell_->value.load(std::memory_order_relaxed); }
};

class Histogram : public detail::CellHandle<detail::HistogramCell> {
 public:
  using CellHandle::CellHandle;
  void observe(Duration d) noexcept {
    if (cell_ == nullptr) return;
    size_t i = 0;
    while (i < cell_->bounds.size() && d > cell_->bounds[i]) ++i;
    detail::add_unshared<uint64_t>(cell_->counts[i], 1);
    detail::add_unshared(cell_->sum_ns, static_cast<uint64_t>(d.count() < 0 ? 0 : d.count()));
  }
};
}  // namespace heddle
