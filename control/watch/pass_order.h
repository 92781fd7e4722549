// PassOrder: in which order a change goes to the subscribers: first those whose content it changed, so that they do not
// wait for the thousands whom it does not concern; then everybody, since what they run is the newest version, too. A
// change that comes meanwhile puts its own in front, and of the others each has a turn after it: the walk goes on where
// it was, and round, so that changes without end starve nobody. Who has two turns costs a look. Pure; an id is a key of
// the caller's map.
#pragma once
#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "control/translate/content_change.h"

namespace heddle {
class PassOrder {
 public:
  void begin(std::span<const uint64_t> first) {
    first_.insert(first_.end(), first.begin(), first.end());
    until_ = last_;
    is_round_ = false;
    is_walking_ = true;
  }
  bool is_over() const noexcept { return first_.empty() && !is_walking_; }
  // Whose turn it is; all.end(): it is over. Those of `first` that are gone are passed by.
  template <class Map>
  auto next(Map& all) {
    while (!first_.empty()) {
      auto at = all.find(first_.front());
      first_.pop_front();
      if (at != all.end()) return at;
    }
    return is_walking_ ? walk(all) : all.end();
  }

 private:
  template <class Map>
  auto walk(Map& all) {
    auto at = all.upper_bound(last_);
    if (at == all.end() && !is_round_) {
      is_round_ = true;
      at = all.begin();
    }
    is_walking_ = at != all.end() && (!is_round_ || at->first <= until_);
    if (!is_walking_) return all.end();
    last_ = at->first;
    return at;
  }
  std::deque<uint64_t> first_;
  uint64_t last_ = 0;  // who had the last turn of the walk
  uint64_t until_ = 0;
  bool is_round_ = false;  // began anew with the smallest
  bool is_walking_ = false;
};

// Which sets hold one of the changed resources: looked at once for all subscribers that share a set.
class ChangedSets {
 public:
  explicit ChangedSets(std::vector<std::string_view> key_texts) : key_texts_(std::move(key_texts)) {}
  bool contains(const ScopeSet* set) {
    if (set == nullptr) return false;
    auto [at, is_new] = known_.try_emplace(set);
    if (is_new) at->second = holds_any(*set, key_texts_);
    return at->second;
  }

 private:
  std::vector<std::string_view> key_texts_;
  std::unordered_map<const ScopeSet*, bool> known_;
};
}  // namespace heddle
