// RateBuckets: the token buckets of one limit, one for each key, shared by all workers of the process: whichever worker
// a request comes to, it takes from the same bucket, so nothing is divided and nobody gets more or less by the worker
// that serves it. No locks: a bucket is one atomic number, the moment when it is full again (GCRA, ITU-T I.371).
//
// Memory is fixed: kPlaces places, of which a key may use 32 (four groups of 8, by its hash): the first that is free,
// else the one whose bucket is full for longest. Full is as if its key had never come: what a key owes is never
// forgotten before it is paid, whatever others send. A key that finds all of its places owing shares one of kShared
// buckets with others like it, chosen by `caller`, so that who makes up keys is in his own way more than in that of
// others.
//
// Two workers that use a place in the same instant, one to take from its key, one to give it to another key, may book
// one request on the other key. Nothing else is inexact. Time is a parameter; it may differ a little between workers.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "lib/base/clock.h"

namespace heddle {
// How fast a bucket fills and how much it holds.
struct RateShape {
  Duration each{};   // that one request takes to come back
  Duration whole{};  // an empty bucket takes to be full
  // requests, burst: 1 to 1,000,000; per: 1 s to 1 h. Rounded down to a nanosecond.
  static RateShape of(uint32_t requests, Duration per, uint32_t burst) {
    Duration each = per / requests;
    return {each, each * burst};
  }
};

// Both hashed with a secret.
struct RateKey {
  uint64_t value = 0;
  uint64_t caller = 0;
};

class RateBuckets {
 public:
  using Bucket = std::atomic<int64_t>;  // when it is full again
  static constexpr size_t kGroup = 8;
  static constexpr size_t kChoices = 4;  // groups of a key
  static constexpr size_t kPlaces = 16'384;
  static constexpr size_t kShared = 64;
  enum class Keyed : bool { kNo, kYes };
  RateBuckets(RateShape shape, Keyed keyed);

  struct Taken {
    Bucket* bucket = nullptr;  // null: there was none left
    Duration wait{};           // until there is one
    explicit operator bool() const noexcept { return bucket != nullptr; }
  };
  Taken take(const RateKey&, MonoTime now) noexcept;
  // At once, by who was refused by another limit.
  void give_back(const Taken& taken) noexcept;

 private:
  struct Place {
    std::atomic<uint64_t> key{0};  // 0: free
    Bucket full_at{0};
  };
  struct alignas(64) Group {
    std::array<Place, kGroup> places;
  };
  struct Seen {
    uint64_t key = 0;
    int64_t full_at = 0;
  };
  struct Search {
    Bucket* found = nullptr;
    Place* best = nullptr;  // a free one, else of the full ones the oldest
    Seen its;
    bool is_over() const noexcept { return found != nullptr || (best != nullptr && its.key == 0); }
  };
  static Seen see(const Place&) noexcept;
  static void look(Group&, uint64_t key, int64_t now, Search&) noexcept;
  Search search(uint64_t key, int64_t now) noexcept;
  Bucket& bucket_of(const RateKey&, int64_t now) noexcept;

  int64_t each_;
  int64_t whole_;
  std::unique_ptr<Group[]> groups_;  // null without keys
  std::array<Bucket, kShared> shared_{};
};
}  // namespace heddle
