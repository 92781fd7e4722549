// ObjectPool<T>: memory for objects that come and go with every request; constructs and destroys, keeps the memory.
// One per worker; not thread-safe; must outlive its objects.
#pragma once
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "lib/base/poison.h"

namespace heddle {
template <class T>
class ObjectPool {
 public:
  ObjectPool() = default;
  ObjectPool(const ObjectPool&) = delete;
  ObjectPool& operator=(const ObjectPool&) = delete;

  template <class... Args>
  T& create(Args&&... args) {
    if (free_.empty()) {
      all_.push_back(std::make_unique<Slot>());
      free_.reserve(all_.size());
      free_.push_back(all_.back().get());
    }
    Slot* slot = free_.back();
    free_.pop_back();
    unpoison(slot, sizeof(Slot));
    return *::new (slot->bytes) T(std::forward<Args>(args)...);  // lint: new placement
  }
  void destroy(T& object) noexcept {
    object.~T();
    poison(&object, sizeof(Slot));
    free_.push_back(reinterpret_cast<Slot*>(&object));
  }
  size_t in_use() const noexcept { return all_.size() - free_.size(); }

 private:
  struct Slot {
    alignas(T) std::byte bytes[sizeof(T)];
  };
  std::vector<std::unique_ptr<Slot>> all_;
  std::vector<Slot*> free_;
};
}  // namespace heddle
