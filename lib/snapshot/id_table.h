// IdTable: gives every key a small number that stays the same as long as the key is in use; numbers of keys that went
// are given out again later. Owned by SnapshotBuilder. Not thread-safe.
#pragma once
#include <cstdint>
#include <map>
#include <vector>

namespace heddle {
template <class Key, class Id>
class IdTable {
 public:
  Id get(const Key& key) {
    auto known = ids_.find(key);
    if (known != ids_.end()) return known->second;
    Id id(limit_);
    if (free_.empty()) {
      ++limit_;
    } else {
      id = free_.back();
      free_.pop_back();
    }
    ids_.emplace(key, id);
    return id;
  }

  // Frees the numbers of the keys for which `is_used` is false. Call it after get() for all that are.
  template <class Used>
  void keep(Used&& is_used) {
    for (auto it = ids_.begin(); it != ids_.end();) {
      if (is_used(it->first)) {
        ++it;
      } else {
        free_.push_back(it->second);
        it = ids_.erase(it);
      }
    }
  }
  uint32_t limit() const noexcept { return limit_; }  // every number is below it

 private:
  std::map<Key, Id> ids_;
  std::vector<Id> free_;
  uint32_t limit_ = 0;
};
}  // namespace heddle
