#include "proxy/resilience/rate_buckets.h"

#include <algorithm>

namespace heddle {
namespace {
constexpr size_t kGroups = RateBuckets::kPlaces / RateBuckets::kGroup;
static_assert((kGroups & (kGroups - 1)) == 0 && kGroups <= 1 << 16);
constexpr int kRaces = 8;  // lost in a row, before a key that is new shares a bucket
}  // namespace

RateBuckets::RateBuckets(RateShape shape, Keyed keyed)
    : each_(shape.each.count()),
      whole_(shape.whole.count()),
      groups_(keyed == Keyed::kYes ? std::make_unique<Group[]>(kGroups) : nullptr) {}

RateBuckets::Taken RateBuckets::take(const RateKey& key, MonoTime time) noexcept {
  int64_t now = time.since_epoch().count();
  Bucket& bucket = groups_ == nullptr ? shared_.front() : bucket_of(key, now);
  int64_t full_at = bucket.load(std::memory_order_relaxed);
  while (true) {
    int64_t next = std::max(full_at, now) + each_;
    if (next - now > whole_) return {nullptr, Duration(next - now - whole_)};
    if (bucket.compare_exchange_weak(full_at, next, std::memory_order_acq_rel)) return {&bucket, {}};
  }
}

void RateBuckets::give_back(const Taken& taken) noexcept { taken.bucket->fetch_sub(each_, std::memory_order_relaxed); }

// Who owns the place, and what it owes: of one moment, though another worker may be giving it to another key. Else a
// key that has just got this place would be taken for another one that owes, and be given a second place.
RateBuckets::Seen RateBuckets::see(const Place& place) noexcept {
  uint64_t key = place.key.load(std::memory_order_acquire);
  while (true) {
    int64_t full_at = place.full_at.load(std::memory_order_acquire);
    uint64_t again = place.key.load(std::memory_order_acquire);
    if (again == key) return {key, full_at};
    key = again;
  }
}

void RateBuckets::look(Group& group, uint64_t key, int64_t now, Search& out) noexcept {
  for (Place& place : group.places) {
    Seen seen = see(place);
    if (seen.key == key) out.found = &place.full_at;
    if (seen.key == key) return;
    bool is_better = out.best == nullptr || (out.its.key != 0 && (seen.key == 0 || seen.full_at < out.its.full_at));
    if (seen.full_at > now || !is_better) continue;
    out.best = &place;
    out.its = seen;
  }
}

// Places never become free again, and free ones are taken in order: behind one there is nothing of this key.
RateBuckets::Search RateBuckets::search(uint64_t key, int64_t now) noexcept {
  Search out;
  for (size_t i = 0; i < kChoices && !out.is_over(); ++i) look(groups_[(key >> (16 * i)) % kGroups], key, now, out);
  return out;
}

// The worker that loses a race for a place looks again: the winner may have had the same key.
RateBuckets::Bucket& RateBuckets::bucket_of(const RateKey& wanted, int64_t now) noexcept {
  uint64_t key = std::max(wanted.value, uint64_t{1});
  for (int i = 0; i < kRaces; ++i) {
    Search seen = search(key, now);
    if (seen.found != nullptr) return *seen.found;
    if (seen.best == nullptr) break;
    bool won = seen.best->key.compare_exchange_strong(seen.its.key, key, std::memory_order_acq_rel);
    if (won) return seen.best->full_at;
  }
  return shared_[wanted.caller % kShared];
}
}  // namespace heddle
