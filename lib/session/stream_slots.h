// StreamSlots<T>: the stream objects of one session. Objects are reused, so opening a stream allocates nothing in the
// steady state; a released object keeps its memory until the session dies (a stale pointer is a bug, not a crash).
#pragma once
#include <memory>
#include <vector>

namespace heddle {
template <class T>
class StreamSlots {
 public:
  template <class... Args>
  T* acquire(Args&&... args) {
    if (free_.empty()) {
      all_.push_back(std::make_unique<T>(std::forward<Args>(args)...));
      free_.reserve(all_.size());
      return all_.back().get();
    }
    T* item = free_.back();
    free_.pop_back();
    return item;
  }
  void release(T* item) { free_.push_back(item); }

 private:
  std::vector<std::unique_ptr<T>> all_;
  std::vector<T*> free_;
};
}  // namespace heddle
