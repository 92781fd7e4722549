// StreamTable<T>: stream id -> T*, open addressing with backward-shift deletion. Grows, never shrinks; no allocation
// in the steady state. Belongs to one session.
#pragma once
#include <utility>
#include <vector>

#include "lib/base/strong_id.h"

namespace heddle {
template <class T>
class StreamTable {
 public:
  T* find(StreamId id) const noexcept {
    if (cells_.empty()) return nullptr;
    for (size_t i = home(id);; i = (i + 1) & mask()) {
      if (cells_[i].item == nullptr) return nullptr;
      if (cells_[i].id == id) return cells_[i].item;
    }
  }

  void insert(StreamId id, T* item) {
    if ((size_ + 1) * 2 > cells_.size()) grow();
    place(id, item);
    ++size_;
  }

  // What follows moves up by one, as far as it is not at home: ids that follow each other are all at home, so that this
  // ends at once.
  void erase(StreamId id) noexcept {
    if (cells_.empty()) return;
    size_t i = home(id);
    while (cells_[i].item != nullptr && cells_[i].id != id) i = (i + 1) & mask();
    if (cells_[i].item == nullptr) return;
    --size_;
    for (size_t next = (i + 1) & mask(); cells_[next].item != nullptr && home(cells_[next].id) != next;) {
      cells_[i] = cells_[next];
      i = std::exchange(next, (next + 1) & mask());
    }
    cells_[i] = Cell{};
  }

  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  // Any one item, or nullptr: for tearing a session down.
  T* any() const noexcept {
    for (const Cell& cell : cells_) {
      if (cell.item != nullptr) return cell.item;
    }
    return nullptr;
  }

 private:
  struct Cell {
    StreamId id;
    T* item = nullptr;
  };
  size_t mask() const noexcept { return cells_.size() - 1; }
  // HTTP/2 ids are all odd or all even, so the lowest bit says nothing.
  size_t home(StreamId id) const noexcept { return static_cast<size_t>(id.value() >> 1) & mask(); }
  // Robin Hood: who is farther from home stays, so that erase() may stop at the first who is at home.
  void place(StreamId id, T* item) noexcept {
    Cell cell{id, item};
    for (size_t i = home(id);; i = (i + 1) & mask()) {
      if (cells_[i].item == nullptr) {
        cells_[i] = cell;
        return;
      }
      bool is_nearer = ((i - home(cells_[i].id)) & mask()) < ((i - home(cell.id)) & mask());
      if (is_nearer) std::swap(cells_[i], cell);
    }
  }
  void grow() {
    std::vector<Cell> old(cells_.empty() ? 4 : cells_.size() * 2);
    old.swap(cells_);
    for (const Cell& cell : old) {
      if (cell.item != nullptr) place(cell.id, cell.item);
    }
  }
  std::vector<Cell> cells_;
  size_t size_ = 0;
};
}  // namespace heddle
