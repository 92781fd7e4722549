#include "proxy/app/route_cells.h"

#include <utility>

namespace heddle {
namespace {
constexpr size_t kFirstCells = 16;

// The multiplier spreads numbers that follow each other; its high bits depend on all bits of the key.
size_t place_of(uint64_t key) noexcept { return static_cast<size_t>((key * 0x9e3779b97f4a7c15ULL) >> 32); }
}  // namespace

RouteRuntime*& RouteCells::operator[](uint64_t key) {
  if (cells_.empty()) grow();
  if (Cell& known = cell_of(key); known.key == key) return known.runtime;
  if (2 * ++size_ > cells_.size()) grow();
  Cell& made = cell_of(key);
  made.key = key;
  return made.runtime;
}

void RouteCells::clear() noexcept {
  cells_.clear();
  size_ = 0;
}

// Where it is or would be: half of the cells are free.
RouteCells::Cell& RouteCells::cell_of(uint64_t key) noexcept {
  size_t mask = cells_.size() - 1;
  size_t i = place_of(key) & mask;
  while (cells_[i].key != 0 && cells_[i].key != key) i = (i + 1) & mask;
  return cells_[i];
}

void RouteCells::grow() {
  std::vector<Cell> before = std::exchange(cells_, {});
  cells_.resize(before.empty() ? kFirstCells : 2 * before.size());
  for (const Cell& cell : before) {
    if (cell.key != 0) cell_of(cell.key) = cell;
  }
}
}  // namespace heddle
