// IdTable: gives every key a small number that stays the same as long as the key is in use; numbers of keys that went
// are given out again later. PartIdTable: the same for the numbered parts of a key. Owned by SnapshotBuilder. Not
// thread-safe.
#pragma once
#include <cstdint>
#include <map>
#include <span>
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

template <class Key, class Id>
class PartIdTable {
 public:
  // The numbers of the first `count` parts; valid until the next call.
  std::span<const Id> get(const Key& key, size_t count) {
    std::vector<Id>& ids = ids_[key];
    if (ids.size() < count) ids.reserve(count);
    while (ids.size() < count) ids.push_back(next());
    return std::span(ids).first(count);
  }

  // Frees what is above `parts(key)` parts. Call it after get() for all that are.
  template <class Parts>
  void keep(Parts&& parts) {
    for (auto it = ids_.begin(); it != ids_.end();) {
      size_t count = parts(it->first);
      for (std::vector<Id>& ids = it->second; ids.size() > count; ids.pop_back()) free_.push_back(ids.back());
      it = count == 0 ? ids_.erase(it) : std::next(it);
    }
  }
  uint32_t limit() const noexcept { return limit_; }  // every number is below it

 private:
  Id next() {
    if (free_.empty()) return Id(limit_++);
    Id id = free_.back();
    free_.pop_back();
    return id;
  }
  std::map<Key, std::vector<Id>> ids_;
  std::vector<Id> free_;
  uint32_t limit_ = 0;
};
}  // namespace heddle
